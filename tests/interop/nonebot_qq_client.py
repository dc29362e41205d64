"""A NoneBot on the official platform that tells on stdout, as lines of JSON, what it made of each event and refusal.

Usage: nonebot_qq_client.py gateway|webhook PORT BASE APP_ID SECRET
"""

import json
import sys

import nonebot
from nonebot.adapters.qq import Adapter, Bot, Event, Message, MessageSegment
from nonebot.adapters.qq.config import Intents
from nonebot.adapters.qq.event import EVENT_CLASSES, C2CMessageCreateEvent, InteractionCreateEvent
from nonebot.adapters.qq.exception import ActionFailed
from nonebot.adapters.qq.models import MessageKeyboard
from nonebot.log import logger
from nonebot.message import event_preprocessor

KEYBOARD = {
    "content": {
        "rows": [
            {
                "buttons": [
                    {
                        "id": "ok",
                        "render_data": {"label": "OK", "visited_label": "OK", "style": 1},
                        "action": {"type": 1, "permission": {"type": 2}, "data": "data"},
                    }
                ]
            }
        ]
    }
}


def tell(**fields):
    print(json.dumps(fields, ensure_ascii=False), flush=True)


mode, port, base, app_id, secret = sys.argv[1:]
gateway = mode == "gateway"
intents = {name: True for name in Intents.model_fields}
nonebot.init(
    _env_file=None,
    driver="~httpx+~websockets" if gateway else "~fastapi+~httpx",
    host="127.0.0.1",
    port=int(port),
    log_level="WARNING",
    qq_api_base=base,
    qq_auth_base=f"{base}/app/getAppAccessToken",
    qq_bots=[{"id": app_id, "secret": secret, "use_websocket": gateway, "intent": intents}],
)
logger.remove()
logger.add(sys.stderr, level="WARNING")
nonebot.get_driver().register_adapter(Adapter)
tell(knows=sorted(EVENT_CLASSES))


@event_preprocessor
async def told(bot: Bot, event: Event):
    said = {"model": type(event).__name__, "type": str(getattr(event.__type__, "value", event.__type__))}
    for key in ("openid", "group_openid", "guild_id"):
        value = getattr(event, key, None)
        said[key] = value if isinstance(value, str) else None
    try:
        said["text"] = event.get_plaintext()
    except ValueError:
        said["text"] = None
    tell(id=event.event_id, **said)
    if isinstance(event, InteractionCreateEvent) and event.user_openid:
        await bot.put_interaction(interaction_id=event.id, code=0)
    if isinstance(event, C2CMessageCreateEvent) and (event.content or "").startswith("/interop "):
        picture = event.content.split(" ")[1]
        await bot.send(event, "pong")
        keyboard = MessageSegment.keyboard(MessageKeyboard.model_validate(KEYBOARD))
        await bot.send(event, Message([MessageSegment.markdown("# pong"), keyboard]))
        await bot.send(event, MessageSegment.image(picture))
        await bot.send(event, MessageSegment.file_image(b"picture", "a.png"))
        try:
            await bot.send(event, "one too many")
            tell(refused=None)
        except ActionFailed as error:
            tell(refused=type(error).__name__, code=error.code, message=error.message, trace=error.trace_id)


nonebot.run()
