"""Takes training steps of a model of package gvae in PyTorch.

    step.py DIR    with task.json, model.safetensors, x.f64, y.f64, noise.f64 in DIR

Commands come as lines, answers are lines of JSON:

    losses NAME       the losses of the steps of the task, with its noise, from its model
    time NAME THREADS SECONDS
                      milliseconds of a step, of the clock and of the processors, on and
                      on: lower quartiles over steps of so many seconds

NAME is eager or grouped.
"""

import json
import sys
import time

import torch

from eager import Eager
from exchange import Model, doubles
from grouped import Grouped
from wiring import Data, Wiring


class Training:
    """Adam on one of the two ways to write the model."""

    def __init__(self, make, wiring, data):
        self.data, self.latents = data, len(wiring.latents)
        self.model = make(wiring)
        self.adam = torch.optim.Adam(
            self.model.parameters(), lr=wiring.config["LearningRate"], betas=(0.9, 0.999), eps=1e-8, foreach=True
        )

    def step(self, windows, eps=None):
        b = self.data.batch(windows)
        if eps is None:
            eps = torch.randn(2 * self.latents, len(windows))
        loss, total = self.model(b, eps)
        self.adam.zero_grad(set_to_none=True)
        total.backward()
        self.adam.step()
        return loss.item()


def main(directory):
    with open(f"{directory}/task.json") as f:
        task = json.load(f)
    torch.set_num_threads(1)  # until a turn says otherwise
    torch.manual_seed(1)
    wiring = Wiring(Model(f"{directory}/model.safetensors"))
    data = Data(wiring, doubles(f"{directory}/x.f64"), doubles(f"{directory}/y.f64"), task["n"])
    batches = [torch.tensor(w) for w in task["windows"]]
    noise = doubles(f"{directory}/noise.f64").float().reshape(len(batches), 2 * len(wiring.latents), -1)
    ways = {"eager": Eager, "grouped": Grouped}
    timed = {}

    def answer(value):
        print(json.dumps(value), flush=True)

    answer({"torch": torch.__version__})
    for line in sys.stdin:
        command, name, *rest = line.split()
        if command == "losses":
            t = Training(ways[name], wiring, data)
            answer([t.step(w, e) for w, e in zip(batches, noise)])
            continue
        if name not in timed:
            timed[name] = Training(ways[name], wiring, data)
        torch.set_num_threads(int(rest[0]))
        answer(turn(timed[name], batches, float(rest[1])))


def turn(training, batches, seconds):
    walls, cpus = [], []
    end = time.perf_counter() + seconds
    while not walls or time.perf_counter() < end:
        wall, cpu = time.perf_counter(), time.process_time()
        training.step(batches[len(walls) % len(batches)])
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    walls.sort(), cpus.sort()
    return {"wall_ms": walls[len(walls) // 4] * 1e3, "cpu_ms": cpus[len(cpus) // 4] * 1e3}


main(sys.argv[1])
