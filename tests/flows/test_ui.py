"""The pages staff use, in a real browser, on a desk and on a telephone: they work, and they call nobody outside.

`OPENLIP_SHOTS=DIR` keeps a picture of every page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.flows.conftest import Served

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: the interface is tested in a browser only")
pytestmark = pytest.mark.slow
Runs = dict[str, dict[str, Any]]
HERE = ("127.0.0.1", "localhost")
CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
WIDTHS = {"desk": 1400, "telephone": 400}
LABELS = {
    "Refresh public statistics": ["Tables (Optional)"],
    "Collect partner data": ["Partners (Optional)", "Only look (Optional)"],
    "Send templates": ["Period (Optional)", "Partners (Optional)", "Only make them (Optional)", "Send again (Optional)"],
    "Send reminders": ["Period (Optional)", "Partners (Optional)", "Only look (Optional)"],
    "Make a brief": ["Brief", "For", "Languages (Optional)", "As known on an earlier day (Optional)", "Day (Optional)"],
}


class Browser:
    """A page that remembers what it asked for, and of whom."""

    def __init__(self, page: Any, site: str, width: str) -> None:
        self.page, self.site, self.width = page, site, width
        self.answered: set[str] = set()
        self.blocked: set[str] = set()
        self.faults: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.on("response", lambda answer: self._asked(answer.url))
        page.on("console", lambda message: self._told(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, path: str, *words: str) -> None:
        """Open a page and wait until it shows the words."""
        self.page.goto(self.site + path)
        for word in words:
            playwright.expect(self.page.get_by_text(word, exact=True).first).to_be_visible(timeout=20_000)
        if folder := os.environ.get("OPENLIP_SHOTS"):
            self.page.wait_for_timeout(800)
            name = "-".join(part for part in path.split("/") if part)
            self.page.screenshot(path=f"{folder}/{name[:60]}-{self.width}.png", full_page=True)

    def _asked(self, url: str) -> None:
        """A request that the policy stops is never made, so what is seen here has left the page."""
        host = urlsplit(url).hostname
        if host:
            self.answered.add(host)

    def _told(self, text: str) -> None:
        if "Content Security Policy" in text and "Connecting to" in text:
            self.blocked.add(str(urlsplit(text.split("'")[1]).hostname))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install it to look at the pages")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS)
def browser(request: pytest.FixtureRequest, chromium: Any, served: Served) -> Iterator[Browser]:
    """A new browser window; at its end nothing has left this machine and no page has failed."""
    context = chromium.new_context(viewport={"width": WIDTHS[request.param], "height": 900}, locale="en-CA", timezone_id="America/Toronto")
    window = Browser(context.new_page(), served.site, request.param)
    yield window
    context.close()
    assert window.answered <= set(HERE)
    assert window.faults == []
    # The pages would call an analytics host; that they try shows that the policy is what stops them.
    assert window.blocked <= {"sr-client-cfg.amplitude.com", "api2.amplitude.com"}


def test_the_first_page_and_the_list(browser: Browser, served: Served) -> None:
    browser.open("/", "Dashboard")
    browser.open("/v2/deployments", *LABELS)
    assert browser.blocked == {"sr-client-cfg.amplitude.com"}


@pytest.mark.parametrize("name", LABELS)
def test_a_form_has_its_labels_and_sentences(browser: Browser, served: Served, name: str) -> None:
    deployment = served.deployments()[name]
    (form,) = deployment["parameter_openapi_schema"]["definitions"].values()
    sentences = [field["description"] for field in form["properties"].values()]
    browser.open(f"/v2/deployments/deployment/{deployment['id']}/run", "Parameters", "Submit", *LABELS[name], *sentences)
    assert len(sentences) == len(LABELS[name])
    assert "None" not in browser.page.locator("main").inner_text()


def test_a_call_to_outside_would_be_seen(chromium: Any, served: Served) -> None:
    """The same page without its policy: the browser asks for an outside host, and what counts requests here sees it."""
    context = chromium.new_context(bypass_csp=True)
    context.route("**/*", lambda route: route.continue_() if urlsplit(route.request.url).hostname in HERE else route.abort())
    window = Browser(context.new_page(), served.site, "without policy")
    with window.page.expect_request(lambda request: urlsplit(request.url).hostname not in HERE, timeout=20_000):
        window.open("/v2/deployments", *LABELS)
    context.close()
    assert window.answered - set(HERE) == {"sr-client-cfg.amplitude.com"}


def test_tables_are_chosen_by_what_people_call_them(browser: Browser, served: Served) -> None:
    browser.open(f"/v2/deployments/deployment/{served.deployments()['Refresh public statistics']['id']}/run", "Tables (Optional)")
    browser.page.get_by_role("button", name="Select").first.click()
    for title in ("Permanent residents by census metropolitan area", "Population estimates, quarterly (17-10-0009-01)"):
        browser.page.get_by_role("option", name=title).click()
    browser.page.keyboard.press("Escape")
    chosen = browser.page.locator("main").inner_text()
    assert "Permanent residents by census metropolitan area" in chosen


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("one source down", "refresh", "What needs a look"),
        ("publish", "publish", "Open the PDF"),
        ("collect", "collect", "July to September 2026"),
        ("collect", "receipt-p05", "Sample Employment Centre"),
        ("templates", "templates", "Nothing was sent: this only made them."),
        ("reminders", "reminders", "1 reminder put into the outbox."),
    ],
)
def test_a_run_and_its_page_are_read(browser: Browser, served: Served, runs: Runs, name: str, key: str, words: str) -> None:
    run = runs["look" if name == "templates" else name]
    browser.open(f"/v2/runs/flow-run/{run['id']}", "Logs")
    assert run["name"] in browser.page.locator("main").inner_text()
    browser.open(f"/v2/artifacts/artifact/{served.artifact(run['id'], key)['id']}", words)
    assert browser.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[browser.width]


def test_a_receipt_opens_from_the_page_of_its_collection(browser: Browser, served: Served, runs: Runs) -> None:
    """One click from the line of a refused file to what was wrong with it."""
    browser.open(f"/v2/artifacts/artifact/{served.artifact(runs['collect']['id'], 'collect')['id']}", "Partner data")
    line = browser.page.get_by_role("listitem").filter(has_text="Sample Adult Learning Centre: Refused")
    line.get_by_role("link", name="receipt").click()
    said = "E2: a telephone number. Expected: numbers and codes only."
    playwright.expect(browser.page.get_by_role("listitem").filter(has_text=said)).to_be_visible(timeout=20_000)
    playwright.expect(browser.page.get_by_role("heading", name="Sample Adult Learning Centre")).to_be_visible()
    assert browser.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[browser.width]


def test_every_file_of_a_collection_has_a_link_to_the_receipt_of_its_partner(browser: Browser, served: Served, runs: Runs) -> None:
    artifacts = served.artifacts(runs["collect"]["id"])
    browser.open(f"/v2/artifacts/artifact/{artifacts['collect']['id']}", "Partner data")
    lines = browser.page.get_by_role("listitem").filter(has_text=re.compile(r", submission \d+"))
    # The page is drawn twice: it adds its tab to its own address.
    playwright.expect(lines).to_have_count(sum(one["data"].count(": submission ") for one in artifacts.values()))
    receipts = {f"/v2/artifacts/artifact/{one['id']}": one["data"] for one in artifacts.values()}
    for line in lines.all():
        partner, submission = re.findall(r"^(.+?):.*(submission \d+)", line.inner_text())[0]
        receipt = receipts[line.get_by_role("link").get_attribute("href") or ""]
        assert receipt.startswith(f"# {partner}\n")
        assert re.search(rf"^## .*: {submission}$", receipt, re.M)


def test_the_artifacts_of_a_collection_say_whose_they_are(browser: Browser, served: Served, runs: Runs) -> None:
    cards = (
        "Sample Adult Learning Centre: 3 accepted, 1 refused",
        "Unknown partner: 1 refused",
        "All partners: what came, and who owes what",
    )
    browser.open(f"/v2/runs/flow-run/{runs['collect']['id']}?tab=Artifacts", *cards)


def test_a_look_at_what_lies_there_speaks_of_names(served: Served, runs: Runs) -> None:
    """The inbox of one partner, and that of a table for files of several; with nothing new there is nothing to do."""
    run = served.ended(served.start("Collect partner data"))
    assert run["state"]["message"] == "Nothing new lies there. Nothing was taken in: this only looked."
    page = served.artifact(run["id"], "collect")["data"]
    assert "\n- Sample College, inbox: 0 of 3 new.\n" in page
    assert "\n- Reports of partners, inbox: 0 of 1 new.\n" in page
    assert "partner_metrics" not in page
    assert "To collect them" not in page


def test_a_member_chosen_in_the_form_gets_its_workbook_made(browser: Browser, served: Served, runs: Runs) -> None:
    """Chosen by name, submitted as it stands: one workbook is made, of that member, and nothing is sent."""
    outbox = sorted((served.home / "outbox").iterdir())
    browser.open(f"/v2/deployments/deployment/{served.deployments()['Send templates']['id']}/run", "Partners (Optional)")
    browser.page.get_by_role("button").filter(has_text=re.compile(r"^Select$")).click()
    browser.page.get_by_role("option", name="Sample College (p03)").click()
    browser.page.keyboard.press("Escape")
    browser.page.get_by_role("button", name="Submit").click()
    browser.page.get_by_role("button", name="View run").click()
    browser.page.wait_for_url("**/runs/flow-run/*")
    run = served.ended(urlsplit(browser.page.url).path.split("/")[-1])
    assert (run["parameters"]["order"]["partners"], run["parameters"]["order"]["dry_run"]) == (["Sample College (p03)"], True)
    assert (run["state_type"], run["name"]) == ("COMPLETED", "Templates for 2026-Q3")
    assert run["state"]["message"] == "1 workbook made, 0 put into the outbox."
    page = served.artifact(run["id"], "templates")["data"]
    assert re.findall(r"^\| (Sample .+?) \|.+\| (.+?) \|$", page, re.M) == [("Sample College", "no: it was sent already")]
    # Only when there is something to send, the page says how.
    assert "To send them" not in page
    assert "run it again with *Only make them* switched off." in served.artifact(runs["look"]["id"], "templates")["data"]
    assert sorted((served.home / "outbox").iterdir()) == outbox


def test_a_document_opens_from_its_page(browser: Browser, served: Served, runs: Runs) -> None:
    browser.open(f"/v2/artifacts/artifact/{served.artifact(runs['publish']['id'])['id']}", "English")
    link = browser.page.get_by_role("link", name="Open the web page").first.get_attribute("href")
    assert link
    browser.open(link.removeprefix(served.site))
    assert browser.page.get_by_role("heading", level=1).count() == 1


def test_the_older_pages_call_nobody_either(browser: Browser) -> None:
    browser.page.context.add_cookies([{"name": "prefect_ui_version", "value": "v1", "url": browser.site}])
    browser.open("/dashboard", "Flow Runs")
