"""The page to play with a latent space, in a browser."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

import latentfit as lf
from latentfit.training import encode_all
from pages import must_be_quiet, opened


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    torch.manual_seed(0)
    data = lf.data.load("digits")
    model = lf.recipe("maskaae", data, latent=5, width=1 / 64)
    model.mask.alpha.data = torch.tensor([3.0, 0.0, 3.0, 3.0, 3.0])
    return model, data, tmp_path_factory.mktemp("pages") / "digits.html"


@pytest.fixture(scope="module")
def digits(browser, made):
    page = opened(browser, *made, count=60)
    must_be_quiet(page)
    return page


def plane(page):
    """Mean and the first two principal components of the codes on the map."""
    places = page.data.test.spread(60)
    codes = encode_all(page.model, page.data.test).centre()[places].double()
    _, _, axes = torch.linalg.svd(codes - codes.mean(0))
    return codes.mean(0), axes[:2] * axes[:2].gather(1, axes[:2].abs().argmax(1, True)).sign()


def at(page, left, top):
    """Coordinates of a place on the canvas."""
    width, x, y = page.js("return explore.view")
    size = page.js("return document.getElementById('map').clientWidth")
    return torch.tensor([x + (left - size / 2) * width / size, y - (top - size / 2) * width / size])


def drag(page, *ways):
    """Press in the middle of the map, move along, and let go; where that is on the canvas."""
    from selenium.webdriver import ActionChains

    chain = ActionChains(page.driver, 10).move_to_element(page.find("#map")).click_and_hold()
    for right, down in ways:
        chain = chain.move_by_offset(right, down)
    chain.release().perform()
    box = page.js(
        "const b = document.getElementById('map').getBoundingClientRect();"
        "return [b.width, b.height]"
    )
    return box[0] / 2 + sum(w[0] for w in ways), box[1] / 2 + sum(w[1] for w in ways)


def test_a_click_takes_a_sample_with_its_reconstruction_and_neighbours(digits):
    from selenium.webdriver import ActionChains

    digits.js("document.querySelector('[name=marks][value=points]').click()")
    places = digits.data.test.spread(60)
    seen = digits.data.test.take(places)
    codes = encode_all(digits.model, digits.data.test).centre()[places]
    left, top = digits.js("return explore.pixels(17)")
    size = digits.js("return document.getElementById('map').clientWidth")
    target = digits.find("#map")
    ActionChains(digits.driver, 10).move_to_element_with_offset(
        target, round(left - size / 2), round(top - size / 2)
    ).click().perform()
    n = digits.js("return explore.picked")
    torch.testing.assert_close(digits.code, codes[n])
    assert (
        n == 17
        or np.hypot(*np.subtract(digits.js("return explore.pixels(arguments[0])", n), (left, top)))
        < 2
    )
    digits.must_agree()
    pair = [digits.shown(f"#sample figure:nth-child({k}) canvas") for k in (1, 2)]
    assert float((pair[0] - seen[n].flatten()).abs().max()) < 0.51 / 255
    assert float((pair[1] - digits.decoded()).abs().max()) < 0.51 / 255
    order = (codes - codes[n]).norm(dim=1).argsort()[1:7]
    for k, other in enumerate(order.tolist(), 1):
        near = digits.shown(f"#near button:nth-child({k}) canvas")
        assert float((near - seen[other].flatten()).abs().max()) < 0.51 / 255
    label = int(digits.data.test.labels[places][n])
    assert digits.find("#called").text == f"row {digits.data.test.ids[places[n]]} · class {label}"


def test_dragging_decodes_where_the_map_says_and_keeps_the_rest_of_the_code(digits):
    before, (mean, axes) = digits.code, plane(digits)
    place = drag(digits, (30, -20), (25, 10))
    after = digits.code
    wanted = at(digits, *place)
    pixel = float((at(digits, 1, 0) - at(digits, 0, 0)).max())
    assert float((axes @ (after.double() - mean) - wanted).abs().max()) < pixel
    rest = torch.eye(5, dtype=torch.float64) - axes.T @ axes
    assert float((rest @ (after - before).double()).abs().max()) < 1e-5
    assert float((after - before).abs().max()) > 1e-3
    digits.must_agree()


def test_the_map_pans_zooms_and_shows_latent_dimensions(digits):
    view, code = digits.js("return explore.view"), digits.code
    digits.js("document.querySelector('[name=drag][value=pans]').click()")
    drag(digits, (40, 0))
    size = digits.js("return document.getElementById('map').clientWidth")
    moved = digits.js("return explore.view")
    assert moved[1] == pytest.approx(view[1] - 40 * view[0] / size, abs=0.02 * view[0])
    digits.find("#in").click()
    assert digits.js("return explore.view")[0] == pytest.approx(view[0] / 1.5)
    digits.find("#fit").click()
    assert digits.js("return explore.view") == pytest.approx(view)
    assert torch.equal(digits.code, code)
    digits.js("document.querySelector('[name=drag][value=decodes]').click()")
    kind = digits.find("#kind")
    kind.send_keys("latent")
    first, second = (digits.js(
        "const s = document.getElementById(arguments[0]); return s.selectedOptions[0].text", one
    ) for one in ("across", "up"))  # fmt: skip
    dimensions = [int(text.split()[1]) for text in (first, second)]
    assert "latent dimensions" in digits.find("#projection").text
    wanted = at(digits, *drag(digits, (-35, 15)))
    torch.testing.assert_close(digits.code[dimensions], wanted.float(), rtol=1e-3, atol=1e-3)
    assert 1 not in dimensions  # the mask closed it
    kind.send_keys("principal")


def test_sliders_are_the_open_dimensions_by_importance_and_move_them_alone(digits):
    from latentfit.scoring import walks

    codes = encode_all(digits.model, digits.data.test).centre()[digits.data.test.spread(60)]
    order = [
        d for d in walks.importance(digits.model, codes).argsort(descending=True).tolist() if d != 1
    ]
    names = [s.text for s in digits.driver.find_elements("css selector", "#sliders .slider span")]
    assert [int(name.split()[1]) for name in names] == order
    assert "1 dimensions that the mask closed" in digits.find("#closed").text
    before = digits.code
    from selenium.webdriver import Keys

    digits.find("#sliders label:nth-child(2) input").send_keys(Keys.ARROW_RIGHT * 3)
    changed = (digits.code - before).abs() > 1e-6
    assert changed.nonzero().flatten().tolist() == [order[1]]
    digits.must_agree()


def test_an_attribute_moves_along_the_difference_of_means(digits):
    from latentfit.scoring import walks

    (along,) = walks.attribute_directions(digits.model, digits.data, ["3"])
    digits.js(
        "const s = document.getElementById('attribute');"
        "s.value = 3; s.dispatchEvent(new Event('change'))"
    )
    before = digits.code
    digits.range("#strength", 1.2)
    digits.range("#strength", 0.5)
    torch.testing.assert_close(digits.code - before, 0.5 * along, rtol=1e-3, atol=1e-4)
    digits.must_agree()


def test_a_walk_goes_from_one_sample_to_another_by_itself(digits):
    codes = encode_all(digits.model, digits.data.test).centre()[digits.data.test.spread(60)]
    ends = []
    for end in ("#set-a", "#set-b"):
        digits.find("#near button:nth-child(4)").click()
        digits.find(end).click()
        ends.append(digits.js("return explore.picked"))
    a, b = codes[ends]
    assert ends[0] != ends[1]
    digits.range("#share", 0.25)
    torch.testing.assert_close(digits.code, a.lerp(b, 0.25), rtol=1e-3, atol=1e-4)
    digits.must_agree()
    digits.range("#share", 0.9)
    digits.find("#run").click()
    until = time.monotonic() + 10
    while digits.find("#run").text == "Stop":
        assert time.monotonic() < until
    torch.testing.assert_close(digits.code, b, rtol=1e-4, atol=1e-4)
    digits.must_agree()


def test_new_samples_are_those_of_the_prior_and_of_the_seed(digits):
    drawn = torch.tensor(digits.js("return explore.draw(7, 300)"))
    codes, seen = drawn[:, :5], drawn[:, 5:]
    with torch.no_grad():
        torch.testing.assert_close(
            digits.model.decode(codes).flatten(1), seen, rtol=1e-4, atol=1e-5
        )
        deviation = digits.model.mask().square() + digits.model.noise**2
    torch.testing.assert_close(codes.var(0), deviation, rtol=0.35, atol=1e-3)
    assert float(codes.mean(0).abs().max()) < 0.25
    assert torch.equal(torch.tensor(digits.js("return explore.draw(7, 4)")), drawn[:4])
    assert not torch.equal(torch.tensor(digits.js("return explore.draw(8, 4)")), drawn[:4])
    digits.find("#again").click()
    seed = int(digits.find("#seed").get_property("value"))
    first = torch.tensor(digits.js("return explore.draw(arguments[0], 1)", seed))[0]
    until = time.monotonic() + 10
    while float((digits.shown("#draws button canvas") - first[5:]).abs().max()) > 0.51 / 255:
        assert time.monotonic() < until
    digits.find("#draws button").click()
    torch.testing.assert_close(digits.code, first[:5])
    digits.must_agree()


def test_the_page_works_from_the_keyboard(digits):
    from selenium.webdriver import ActionChains, Keys

    digits.find("h1").click()
    seen = []
    for _ in range(14):
        ActionChains(digits.driver, 10).send_keys(Keys.TAB).perform()
        seen.append(digits.js("return document.activeElement.id || document.activeElement.name"))
        assert digits.js("return getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert seen[:9] == ["kind", "across", "up", "map", "marks", "drag", "in", "out", "fit"]
    unnamed = digits.js(
        "return [...document.querySelectorAll('input, select, button, canvas[tabindex]')].filter("
        "(e) => !e.closest('label') && !e.textContent && !e.ariaLabel"
        " && !e.querySelector('[aria-label]')).map((e) => e.outerHTML)"
    )
    assert unnamed == []
    canvas, before, (_, axes) = digits.find("#map"), digits.code, plane(digits)
    width = digits.js("return explore.view")[0]
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_UP)
    step = axes @ (digits.code - before).double()
    torch.testing.assert_close(
        step, torch.tensor([2, 1]).double() * width / 40, rtol=1e-3, atol=1e-4
    )
    digits.must_agree()
    canvas.send_keys("+")
    assert digits.js("return explore.view")[0] == pytest.approx(width / 1.25)
    canvas.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT)
    canvas.send_keys("0")
    assert digits.js("return explore.view")[0] == pytest.approx(width)
    canvas.send_keys(Keys.ENTER)
    n = digits.js("return explore.picked")
    codes = encode_all(digits.model, digits.data.test).centre()[digits.data.test.spread(60)]
    torch.testing.assert_close(digits.code, codes[n])
    must_be_quiet(digits, asking=False)
