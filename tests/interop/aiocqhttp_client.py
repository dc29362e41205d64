"""An aiocqhttp bot that tells on stdout, as lines of JSON, what it made of each event and each answer.

Usage: aiocqhttp_client.py reverse PORT TOKEN | http PORT TOKEN API_ROOT
"""

import json
import sys

from aiocqhttp import CQHttp, Event, Message


def tell(**fields):
    print(json.dumps(fields, ensure_ascii=False), flush=True)


mode, port, token, *root = sys.argv[1:]
options = {"api_root": root[0], "secret": token} if mode == "http" else {}
bot = CQHttp(message_class=Message, access_token=token, **options)


@bot.on("message", "message_sent", "notice", "request", "meta_event")
async def told(event: Event):
    said = {"name": event.name, "n": event.interop}
    if isinstance(event.message, (Message, list)):
        said["segments"] = [segment["type"] for segment in event.message]
    tell(**said)


@bot.on_message("group")
async def answer(event: Event):
    if event.raw_message != "/interop":
        return None
    member = await bot.get_group_member_info(
        self_id=event.self_id, group_id=event.group_id, user_id=event.user_id
    )
    login = await bot.get_login_info(self_id=event.self_id)
    try:
        await bot.call_action("no_such_action", self_id=event.self_id)
        unknown = "done"
    except Exception as error:  # The library's own class says what it made of the failure.
        unknown = type(error).__name__
    sent = None
    if mode == "reverse":
        sent = (await bot.send(event, "pong[CQ:face,id=1]"))["message_id"]
    tell(sent=sent, member=member["user_id"], login=login["user_id"], unknown=unknown)
    return {"reply": "pong[CQ:face,id=1]"} if mode == "http" else None


bot.run(host="127.0.0.1", port=int(port), use_reloader=False)
