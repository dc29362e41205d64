"""A qq-botpy client that tells on stdout, as lines of JSON, what it made of each event and refusal.

Its hosts are constants, which are changed here. Usage: botpy_client.py gateway PORT BASE APP_ID SECRET
"""

import json
import sys
from urllib.parse import urlsplit

import aiohttp
import botpy
from botpy.connection import ConnectionState
from botpy.errors import ServerError
from botpy.http import Route

_, _, base, app_id, secret = sys.argv[1:]
Route.SCHEME, Route.DOMAIN = "http", urlsplit(base).netloc
post = aiohttp.ClientSession.post


def local_post(self, url, **options):
    return post(self, str(url).replace("https://bots.qq.com", base), **options)


aiohttp.ClientSession.post = local_post

BUTTON = {
    "id": "ok",
    "render_data": {"label": "OK", "visited_label": "OK", "style": 1},
    "action": {"type": 1, "permission": {"type": 2}, "data": "data"},
}


def tell(**fields):
    print(json.dumps(fields, ensure_ascii=False), flush=True)


def field(event, key):
    value = getattr(event, key, None)
    return value if isinstance(value, str) else None


async def answer(client, event):
    chat = {"openid": event.author.user_openid, "msg_id": event.id}
    picture = event.content.split(" ")[1]
    api = client.api
    await api.post_c2c_message(content="pong", msg_seq=1, **chat)
    keyboard = {"content": {"rows": [{"buttons": [BUTTON]}]}}
    await api.post_c2c_message(
        msg_type=2, markdown={"content": "# pong"}, keyboard=keyboard, msg_seq=2, **chat
    )
    for seq in (3, 4):
        media = await api.post_c2c_file(openid=chat["openid"], file_type=1, url=picture)
        await api.post_c2c_message(msg_type=7, media=media, msg_seq=seq, **chat)
    try:
        await api.post_c2c_message(content="one too many", msg_seq=5, **chat)
        tell(refused=None)
    except ServerError as error:
        tell(refused=type(error).__name__, message=str(error))


def handler(name):
    async def told(self, event=None):
        keys = {key: field(event, key) for key in ("openid", "group_openid", "guild_id")}
        identity = getattr(event, "event_id", None)
        if isinstance(identity, str):
            text = field(event, "content")
            tell(id=identity, type=name.upper(), model=type(event).__name__, text=text, **keys)
        if name == "interaction_create" and event.user_openid:
            await self.api.on_interaction_result(event.id, 0)
        if name == "c2c_message_create" and (event.content or "").startswith("/interop "):
            await answer(self, event)

    return told


# Forum posts and replies, audio members and public forums come without an outer id.
anonymous = ("forum_post", "forum_reply", "forum_publish", "open_forum", "audio_or_live")
names = [name[6:] for name in dir(ConnectionState) if name.startswith("parse_")]
events = [name for name in names if name not in ("ready", "resumed")]
tell(knows=sorted(name.upper() for name in events if not name.startswith(anonymous)))
Client = type("Client", (botpy.Client,), {f"on_{name}": handler(name) for name in events})
Client(intents=botpy.Intents.all(), bot_log=None, log_level=40).run(appid=app_id, secret=secret)
