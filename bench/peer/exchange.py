"""What the Go side wrote: a model (safetensors), data, noise, and the task."""

import json
import struct

import torch

DTYPES = {"F64": torch.float64, "F32": torch.float32}


class Model:
    """A checkpoint of package gvae: wiring, configuration, scales, parameters."""

    def __init__(self, path):
        with open(path, "rb") as f:
            raw = f.read()
        (length,) = struct.unpack("<Q", raw[:8])
        header = json.loads(raw[8 : 8 + length])
        values = bytearray(raw[8 + length :])
        meta = header.pop("__metadata__")
        self.spec, self.config = json.loads(meta["spec"]), json.loads(meta["config"])
        self.tensors = {}
        for name, info in header.items():
            begin, end = info["data_offsets"]
            dtype = DTYPES[info["dtype"]]
            flat = torch.frombuffer(values[begin:end], dtype=dtype) if end > begin else torch.empty(0, dtype=dtype)
            self.tensors[name] = flat.double().reshape(info["shape"])

    def parameter(self, name):
        return self.tensors[name].float()


def doubles(path):
    with open(path, "rb") as f:
        return torch.frombuffer(bytearray(f.read()), dtype=torch.float64)
