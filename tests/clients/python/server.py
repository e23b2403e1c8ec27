"""Sends stories with a client for Python: python server.py segment|rudder.

Input and output are those of node/server.mjs.
"""

import json
import logging
import sys
import threading
import time
from datetime import datetime

ARGUMENTS = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}


def make(family, story):
    if family == "segment":
        from segment.analytics.client import Client
    else:
        from rudderstack.analytics.client import Client
    return Client(story["writeKey"], host=story["apiHost"], **story["config"])


def tell(client, story):
    for sequence in story["sequences"]:
        time.sleep(sequence["delayMs"] / 1000)
        for event in sequence["events"]:
            call = {ARGUMENTS.get(name, name): value for name, value in event.items() if name != "type"}
            if "timestamp" in call:
                call["timestamp"] = datetime.fromisoformat(call["timestamp"])
            getattr(client, event["type"])(**call)
    client.flush()
    client.join()


def run(family, story, ended, place):
    try:
        tell(make(family, story), story)
        ended[place] = {"success": True, "error": ""}
    except Exception as error:  # whatever it is, the test shows it
        ended[place] = {"success": False, "error": repr(error)}


def main():
    logging.disable(logging.CRITICAL)  # the clients say at length that a batch failed
    stories = [json.loads(line) for line in sys.stdin]
    ended = [None] * len(stories)
    threads = [threading.Thread(target=run, args=(sys.argv[1], story, ended, i)) for i, story in enumerate(stories)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in ended:
        print(json.dumps(one))


main()
