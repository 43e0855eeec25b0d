"""Pages to play with, open in a browser, beside the models that they were made of."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import latentfit as lf

HOSTILE = "</script><img src=x onerror=alert(1)>"


@dataclass
class Open:
    """A page that is open, with the model that it was made of."""

    driver: Any
    model: Any
    data: Any
    path: Path

    def js(self, text, *given):
        return self.driver.execute_script(text, *given)

    def find(self, css):
        return self.driver.find_element("css selector", css)

    @property
    def code(self):
        return torch.tensor(self.js("return explore.code"))

    def settle(self):
        """Wait until what is shown is that of the code."""
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        )

    def shown(self, css="#here canvas"):
        """Pixels of a canvas, in [0, 1], one channel."""
        self.settle()
        pixels = self.js(
            "const c = document.querySelector(arguments[0]);"
            "return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)",
            css,
        )
        return torch.tensor(pixels[::4]) / 255

    def decoded(self):
        """What PyTorch makes of the code of the page."""
        with torch.no_grad():
            return self.model.decode(self.code[None])[0].flatten()

    def range(self, css, value):
        self.js(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input'))", css, value,
        )  # fmt: skip

    def must_agree(self):
        found = torch.tensor(self.js("return explore.decode(explore.code)"))
        right = self.decoded()
        assert float((found - right).abs().max() / right.abs().max()) < 1e-5
        assert float((self.shown() - right).abs().max()) < 0.51 / 255


def opened(driver, model, data, path, **more):
    model.eval()
    for log in ("browser", "performance"):
        driver.get_log(log)
    lf.explore(model, data, out=path, **more)
    driver.get(path.as_uri())
    until = time.monotonic() + 30
    while not driver.execute_script("return Boolean(globalThis.explore)"):
        fault = driver.execute_script("return document.getElementById('fault').textContent")
        assert not fault, fault
        assert time.monotonic() < until
        time.sleep(0.02)
    return Open(driver, model, data, path)


def must_be_quiet(page, *, asking=True):
    """Nothing is said in the console, and nothing but the file was asked for, or nothing at all."""
    said = [entry["message"] for entry in page.driver.get_log("browser")]
    assert [text for text in said if "willReadFrequently" not in text] == []  # of the tests' own
    events = [json.loads(e["message"])["message"] for e in page.driver.get_log("performance")]
    asked = [
        e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [page.path.as_uri()] * asking
