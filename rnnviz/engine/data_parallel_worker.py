"""The program of a worker of ``data_parallel``: `python -m rnnviz.engine.data_parallel_worker`.

Takes the descriptor of the shared memory and a plan; computes its part for each byte on stdin and
answers with one on stdout. Ends when stdin does, however the other side ended.
"""

import os
import signal
import sys
from mmap import mmap

from rnnviz.engine.data_parallel import DONE, READY, PartPlan, SharedPart, compute_part
from rnnviz.engine.network import Network


def main(descriptor: str, plan_json: str) -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program that started this
    plan = PartPlan.from_json(plan_json)
    shared = SharedPart(plan, mmap(int(descriptor), 0))
    os.close(int(descriptor))
    network = Network(plan.model, shared.parameters)
    os.write(1, READY)
    while os.read(0, 1):
        seed, window = int(shared.seed[0]), (shared.inputs, shared.targets)
        nats, final, _ = compute_part(
            network, plan, seed, *window, shared.state, out=shared.gradients
        )
        shared.nats[0] = nats
        for there, here in zip(shared.final, final, strict=True):
            for array, value in zip(there, here, strict=True):
                array[...] = value
        os.write(1, DONE)


if __name__ == "__main__":
    main(*sys.argv[1:3])
