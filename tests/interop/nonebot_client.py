"""A NoneBot that tells on stdout, as lines of JSON, what it made of each event and each answer.

Usage: nonebot_client.py forward URL TOKEN | reverse PORT TOKEN | http PORT TOKEN API_ROOT SELF_ID
"""

import json
import sys

import nonebot
from nonebot.adapters.onebot.v11 import Adapter, Bot, Event, Message, MessageEvent
from nonebot.log import logger
from nonebot.message import event_preprocessor


def tell(**fields):
    print(json.dumps(fields, ensure_ascii=False), flush=True)


def settings(mode, place, token, *more):
    shared = {"onebot_access_token": token, "log_level": "WARNING"}
    if mode == "forward":
        return {"driver": "~websockets", "onebot_ws_urls": [place], **shared}
    shared |= {"host": "127.0.0.1", "port": int(place), "driver": "~fastapi+~httpx"}
    if mode == "http":
        root, self_id = more
        shared |= {"onebot_api_roots": {self_id: root}, "onebot_secret": token}
    return shared


nonebot.init(_env_file=None, **settings(*sys.argv[1:]))
logger.remove()
logger.add(sys.stderr, level="WARNING")
nonebot.get_driver().register_adapter(Adapter)


@event_preprocessor
async def told(bot: Bot, event: Event):
    said = {"model": type(event).__name__, "n": getattr(event, "interop", None)}
    if isinstance(event, MessageEvent):
        said["segments"] = [segment.type for segment in event.original_message]
    tell(**said)
    if isinstance(event, MessageEvent) and event.raw_message == "/interop":
        sent = await bot.send(event, Message("pong[CQ:face,id=1]"))
        member = await bot.get_group_member_info(group_id=event.group_id, user_id=event.user_id)
        login = await bot.get_login_info()
        try:
            await bot.call_api("no_such_action")
            unknown = "done"
        except Exception as error:  # The adapter's own class says what it made of the failure.
            unknown = type(error).__name__
        tell(sent=sent["message_id"], member=member["user_id"], login=login["user_id"], unknown=unknown)


nonebot.run()
