"""Debian's Chromium, or whatever `chromium` and `chromedriver` are on the PATH, for tests of pages."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import ROOT

pytest.importorskip("selenium", reason="the extra [dev] is not installed")
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.support.wait import WebDriverWait

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PROGRAMS = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
FLAGS = ["--headless=new", "--no-sandbox", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--disable-dev-shm-usage"]  # fmt: skip
MARKS = [
    pytest.mark.slow,
    pytest.mark.skipif(not all(PROGRAMS.values()), reason="no chromium with chromedriver on this machine"),
]


@contextlib.contextmanager
def window(dark: bool = False, width: int = 1100, script: bool = True, missing: str = "") -> Iterator[Any]:
    """A browser's window, which logs no error but that the page at the address `missing` is not there."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(PROGRAMS["chromium"])
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(PROGRAMS["chromedriver"]))
    try:
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        yield driver
        errors = [entry["message"] for entry in driver.get_log("browser")]
        unexpected = [error for error in errors if not missing or missing not in error]
        assert not unexpected, unexpected  # also of the content security policy
    finally:
        driver.quit()


def until(driver: Any, condition: Callable[[], Any], seconds: float = 10) -> Any:
    """What a condition comes to when it holds, also while one page takes another's place."""
    waiting = WebDriverWait(driver, seconds, poll_frequency=0.05, ignored_exceptions=[StaleElementReferenceException])
    return waiting.until(lambda _: condition())


def leave(driver: Any) -> None:
    """Forget who is signed in, with no page open that would ask the server for news."""
    driver.get("about:blank")
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})


def hold(driver: Any) -> None:
    """Hold a page to axe-core's rules, best practices among them, and to its width."""
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), driver.current_url
    if not AXE.is_file():
        pytest.skip("no axe-core: npm install --no-save --no-package-lock axe-core")
    driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    broken = [(each["id"], each["nodes"][0]["html"], each["nodes"][0]["any"]) for each in found["violations"]]
    assert not broken, f"{driver.current_url}: {broken}"
    assert len(found["passes"]) > 15
