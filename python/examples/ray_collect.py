"""Collects every shard at the given places on a Ray cluster: one task for each shard, one summary at the end.

python ray_collect.py s3://bucket/table-1 s3://bucket/table-2 …
"""

import sys

import ray

import fencepost

IN_FLIGHT = 64


# A collection may be repeated, and may stop anywhere: Ray starts the task of a worker that died once more.
@ray.remote(max_retries=3)
def work(call, task):
    return call(task)


def on_ray(call, tasks):
    """Like `map`, with so many tasks at once. What Ray gives up is an answer too."""
    waiting, running, answers = list(enumerate(tasks))[::-1], {}, {}
    while waiting or running:
        while waiting and len(running) < IN_FLIGHT:
            number, task = waiting.pop()
            running[work.remote(call, task)] = number
        (done,), _ = ray.wait(list(running))
        number = running.pop(done)
        try:
            answers[number] = ray.get(done)
        except ray.exceptions.RayError as error:
            answers[number] = error
    return [answers[number] for number in range(len(tasks))]


if __name__ == "__main__":
    summary = fencepost.collect_all(sys.argv[1:], run=on_ray)
    print(summary)
    sys.exit(summary.exit_code)
