"""The floor: an aiohttp server that answers everything alike, in a process of its own."""

import asyncio
import json

from aiohttp import web

ANSWER = {"userId": 501, "username": "Dana Field", "teamId": 100}


async def serve() -> None:
    """Print the address and a word in place of a key, and answer until killed."""

    async def answer(_: web.BaseRequest) -> web.Response:
        body = json.dumps(ANSWER).encode()
        return web.Response(body=body, headers={"Content-Type": "application/json"})

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    print(f"http://{host}:{port} none", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
