"""The board in a real browser."""

import contextlib
import functools
import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import MARKS, hold, leave, until, window
from scoreboard import LAB, board, grade_all, work

pytest.importorskip("starlette", reason="the extra [web] is not installed")
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from autograder.board import accounts, app, decisions
from autograder.board.record import Record
from autograder.board.uploads import Rules, accept_upload, rules_of

pytestmark = MARKS
Server = tuple[str, Record, dict[str, str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A board that is served: its address, its record for this thread, tokens."""
    with serving(tmp_path, rules_of(LAB)) as served:
        yield served


@contextlib.contextmanager
def serving(folder: Path, rules: Rules) -> Iterator[Server]:
    with board(folder / "board.sqlite", students=4) as (record, tokens), socket.create_server(("127.0.0.1", 0)) as s:
        running = app.server(app.application(record.path, LAB, rules))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [s]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{s.getsockname()[1]}/", record, tokens
        finally:
            running.should_exit = True
            thread.join()


def sign_in(driver: Any, server: Server, who: str) -> None:
    driver.get(server[0])
    driver.find_element(By.ID, "token").send_keys(server[2][who], Keys.ENTER)
    until(driver, lambda: driver.find_elements(By.ID, "work"))


def texts(driver: Any, selector: str) -> list[str]:
    while True:
        with contextlib.suppress(StaleElementReferenceException):  # an update has taken the elements' place
            return [element.text for element in driver.find_elements(By.CSS_SELECTOR, selector)]


def names(driver: Any) -> list[str]:
    return texts(driver, "#board tbody th")


def upload(driver: Any, folder: Path, *values: object) -> None:
    path = folder / f"{values[0]}.zip"
    path.write_bytes(work(*values))
    driver.find_element(By.ID, "work").send_keys(str(path))
    driver.find_element(By.CSS_SELECTOR, "form[data-most] button").click()
    until(driver, lambda: "/uploads/" in driver.current_url)


def graded(server: Server, *uploads: tuple[str, float]) -> None:
    """Uploads that were made and graded elsewhere."""
    for who, value in uploads:
        hand_in(server, who, value)
    grade_all(server[1])


def hand_in(server: Server, who: str, value: float) -> None:
    """An upload that waits to be graded."""
    person = accounts.by_token(server[1], server[2][who])
    assert person is not None
    accept_upload(server[1], person, io.BytesIO(work(value, value)), rules_of(LAB))


def test_an_upload_is_graded_and_seen_in_a_second_window_and_others_come_live(server: Server, tmp_path: Path) -> None:
    with window() as mine, window() as other:
        other.get(server[0])
        assert names(other) == ["least for points", "random guess"]
        sign_in(mine, server, "s1")
        upload(mine, tmp_path, 0.8, 0.7, "<b>words</b>")
        assert "waiting to be graded" in mine.page_source
        grade_all(server[1])
        until(mine, lambda: "Your upload has been graded." in texts(mine, "#status"))
        assert texts(mine, ".score") == ["4 of 4 points"] and texts(mine, "dd") == ["0.80"]
        until(other, lambda: names(other) == ["Bird 1", "least for points", "random guess"])
        assert texts(other, "#status") == ["Bird 1 has a new result."] and not texts(other, "#empty")
        mine.get(server[0])
        assert texts(mine, "tr.own") == [texts(mine, "#board tbody tr")[0]]
        mine.execute_script("window.scrollTo(0, 60)")
        mine.find_element(By.CSS_SELECTOR, '[data-key="points"] button').send_keys("")
        mine.execute_script("document.querySelector('[data-key=points] button').focus()")
        graded(server, ("s2", 0.9))
        until(mine, lambda: names(mine)[:2] == ["Bird 2", "Bird 1"])
        assert "You are 2nd." in texts(mine, "#status")[0]
        assert mine.switch_to.active_element.text == "Points"  # an update takes neither focus nor place
        assert mine.execute_script("return [scrollY, document.querySelector('tr.own th').textContent]") == [
            60,
            "Bird 1",
        ]


def test_sorting_by_mouse_and_keyboard_holds_while_updates_come(server: Server) -> None:
    graded(server, ("s1", 0.6), ("s2", 0.9), ("s3", 0.8))
    with window() as driver:
        until(driver, lambda: driver.get(server[0]) or names(driver)[0] == "Bird 2")
        heads = functools.partial(texts, driver, "[aria-sort=ascending], [aria-sort=descending]")
        assert heads() == ["Place"]
        button = driver.find_element(By.XPATH, "//button[text()='Name']")
        button.click()
        assert names(driver)[:3] == ["Bird 1", "Bird 2", "Bird 3"] and heads() == ["Name"]
        assert driver.current_url.endswith("?sort=name")
        button.send_keys(Keys.SPACE)
        assert names(driver)[-3:] == ["Bird 3", "Bird 2", "Bird 1"]
        graded(server, ("s4", 0.95))
        until(driver, lambda: names(driver)[-4:] == ["Bird 4", "Bird 3", "Bird 2", "Bird 1"])
        driver.refresh()  # the order is in the address
        assert names(driver)[-4:] == ["Bird 4", "Bird 3", "Bird 2", "Bird 1"]
        driver.find_element(By.XPATH, "//button[text()='Place']").click()
        assert names(driver)[:4] == ["Bird 4", "Bird 2", "Bird 3", "Bird 1"]


def test_updates_pause_and_go_on_with_all_that_was_missed(server: Server) -> None:
    with window() as driver:
        driver.get(server[0])
        pause = driver.find_element(By.ID, "pause")
        pause.click()
        assert (pause.text, texts(driver, "#status")) == ("Resume updates", ["Updates are paused."])
        graded(server, ("s1", 0.6))
        graded(server, ("s2", 0.9))
        with pytest.raises(Exception, match="Timeout|Message"):
            until(driver, lambda: len(names(driver)) > 2, 2)
        pause.click()
        until(driver, lambda: names(driver)[:2] == ["Bird 2", "Bird 1"])
        assert pause.text == "Pause updates"


def test_it_all_works_without_scripts(server: Server, tmp_path: Path) -> None:
    with window(script=False) as driver:
        sign_in(driver, server, "s1")
        assert not driver.find_element(By.ID, "pause").is_displayed()
        upload(driver, tmp_path, 0.8, 0.7)
        grade_all(server[1])
        until(driver, lambda: driver.refresh() or texts(driver, ".score"))
        driver.find_element(By.LINK_TEXT, "Back to the board").click()
        driver.find_element(By.XPATH, "//button[text()='Name']").click()
        until(driver, lambda: driver.current_url.endswith("?sort=name"))
        driver.find_element(By.XPATH, "//button[text()='Name']").click()
        until(driver, lambda: names(driver) == ["random guess", "least for points", "Bird 1"])
        driver.find_element(By.XPATH, "//button[text()='Sign out']").click()
        until(driver, lambda: driver.find_elements(By.ID, "token"))


def test_an_open_upload_says_that_its_student_has_been_signed_out(server: Server, tmp_path: Path) -> None:
    with window(missing="uploads/1") as driver:
        sign_in(driver, server, "s1")
        upload(driver, tmp_path, 0.8, 0.7)
        driver.delete_all_cookies()  # as signing out in another window does
        grade_all(server[1])
        until(driver, lambda: texts(driver, "#status") == ["This page is no longer shown to you. Sign in again."])


@pytest.mark.parametrize("width", [375, 1100])
@pytest.mark.parametrize("dark", [False, True])
def test_no_accessibility_violations_and_nothing_wider_than_the_window(
    server: Server, dark: bool, width: int, tmp_path: Path
) -> None:
    graded(server, ("s1", 0.6), ("s2", 0.9), ("ours", 0.85))
    missing = "uploads/99"
    with window(dark, width, missing=missing) as driver:
        driver.get(server[0])
        hold(driver)
        sign_in(driver, server, "s1")
        upload(driver, tmp_path, 0.7, 0.7)
        hold(driver)
        grade_all(server[1])
        until(driver, lambda: texts(driver, ".score"))
        for url in (driver.current_url, server[0], server[0] + missing):
            driver.get(url)
            hold(driver)


@pytest.mark.parametrize("width", [375, 1100])
@pytest.mark.parametrize("dark", [False, True])
def test_every_state_of_ones_uploads_and_the_staffs_page_hold_too(server: Server, dark: bool, width: int) -> None:
    graded(server, ("s1", 0.6), ("s1", 0.7), ("s2", 0.6), ("s3", 0.9))
    decisions.hide(server[1], "s3", True)
    hand_in(server, "s4", 0.5)
    grade_all(server[1], fault="OSError: no room " * 20)
    hand_in(server, "s1", 0.8)
    with window(dark, width) as driver:
        for who, urls in (("s1", ["", "uploads/1", "uploads/6"]), ("s2", ["", "uploads/3"]), ("s4", ["uploads/5"])):
            sign_in(driver, server, who)
            for url in urls:
                driver.get(server[0] + url)
                hold(driver)
            leave(driver)
        sign_in(driver, server, "boss")
        driver.get(server[0] + "staff")
        hold(driver)
        for summary in driver.find_elements(By.TAG_NAME, "summary"):
            summary.send_keys(Keys.ENTER)
        hold(driver)


def test_staff_decide_by_keyboard_without_scripts(server: Server) -> None:
    graded(server, ("s1", 0.8), ("s2", 0.8))
    with window(script=False) as driver:
        sign_in(driver, server, "boss")
        driver.find_element(By.LINK_TEXT, "Staff page").send_keys(Keys.ENTER)
        for button, words in (
            ("Agree: all can have a place: s1, s2", "all can have a place"), ("Hide the row of s2", "hidden"),
            ("Grade again: upload 1 of s1", "1 not graded."),
        ):  # fmt: skip
            press_by_tab(driver, button)
            until(driver, functools.partial(says, driver, words))
        grade_all(server[1])
        until(driver, lambda: driver.refresh() or says(driver, "Every upload is graded."))


def says(driver: Any, words: str) -> bool:
    return words in driver.find_element(By.TAG_NAME, "main").text


def press_by_tab(driver: Any, name: str) -> None:
    """Press the button of this accessible name as someone without a mouse does."""
    until(driver, lambda: driver.find_elements(By.CSS_SELECTOR, f'[aria-label="{name}"]'))
    for _ in range(60):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        focus = driver.switch_to.active_element
        if focus.tag_name == "summary":
            focus.send_keys(Keys.ENTER)
        if focus.get_attribute("aria-label") == name:
            return focus.send_keys(Keys.ENTER)
    raise AssertionError(f"{name} cannot be reached by the keyboard")


def test_a_countdown_counts_and_a_narrow_table_shows_that_it_goes_on(tmp_path: Path) -> None:
    rules = rules_of(LAB, cool_down=1800, deadline=time.time() + 3000)
    with serving(tmp_path, rules) as server, window(width=375) as driver:
        graded(server, ("s1", 0.8))
        sign_in(driver, server, "s1")
        before = texts(driver, "#own [data-left]")
        assert all(re.fullmatch(r"in \d+ min( \d+ s)?", text) for text in before) and len(before) == 2
        until(driver, lambda: texts(driver, "#own [data-left]")[0] != before[0])
        wide = "const box = document.querySelector('.scroll'); return box.scrollWidth > box.clientWidth"
        assert driver.execute_script(wide) and driver.find_element(By.CSS_SELECTOR, ".narrow").is_displayed()
