"""Walks through a node's pages in headless Chromium, by keyboard and without scripts.

Four organisations on this machine form a consortium; at one of them a steward, an analyst and an
auditor each do their work on the pages. Run by scripts/test-pages.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

BINARY, EXAMPLES, PICTURES = (Path(of).resolve() for of in sys.argv[1:4])
NODES = ["north", "south", "west", "oversight"]
PATIENCE = 30


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [of.getsockname()[1] for of in sockets]
    for of in sockets:
        of.close()
    return ports


class Fleet:
    """Four nodes, a study that waits for their words, and the folder that all of it is in."""

    def __init__(self, folder):
        self.folder, self.processes = Path(folder), []
        self.ports = dict(zip(NODES, free_ports(4)))
        document = '[consortium]\nname = "fleet-safety"\nversion = 1\npurpose = "Failures of parts"\n\n'
        for i, node in enumerate(NODES):
            roles = "recipient,auditor" if node == "oversight" else "data,compute"
            document += self.run(
                "init", node, "--name", node, "--organisation", f"{node} <&> Ltd",
                "--address", f"127.0.0.1:{self.ports[node]}", "--roles", roles)
            if i < 3:
                data = EXAMPLES / f"failure-rate/sources/party_{'abc'[i]}.csv"
                sources = self.folder / node / "sources"
                shutil.copy(data, sources / "units.csv")
                (sources / "fan-failure-rate.toml").write_text(
                    '[source.fans]\npath = "units.csv"\n\n'
                    '[map]\nsql = "SELECT unit, hours, status FROM fans"\n')
        (self.folder / "consortium.toml").write_text(document)
        for verb in ["sign", "adopt"]:
            for node in NODES:
                self.run("consortium", verb, "consortium.toml", "--home", node)
        example = (EXAMPLES / "failure-rate/study.toml").read_text()
        head = '[study]\nname = "fan-failure-rate"\nversion = 1\npurpose = "Review <b>of</b> the fan"\n\n'
        parties = self.run("consortium", "parties", "consortium.toml")
        self.study = head + parties + example[example.index("[table]"):]
        (self.folder / "study.toml").write_text(self.study)

    def run(self, *arguments):
        done = subprocess.run([BINARY, *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def start(self):
        for node in NODES:
            said = open(self.folder / f"{node}.out", "w")
            self.processes.append(subprocess.Popen(
                [BINARY, "node", "--home", node], cwd=self.folder, stderr=said))
        until("the nodes listen", lambda: all(
            "listens" in (self.folder / f"{node}.out").read_text() for node in NODES))

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def token(self, role):
        printed = self.run("token", "new", f"a {role}", "--role", role, "--home", "oversight")
        return next(line for line in printed.split() if len(line) > 30)


def until(what, holds):
    end = time.time() + PATIENCE
    while not holds():
        assert time.time() < end, what
        time.sleep(0.3)


class Reader:
    """A person with a browser that runs no scripts, and no mouse."""

    def __init__(self, address, name):
        options = webdriver.ChromeOptions()
        for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1100,900",
                     "--ignore-certificate-errors", "--disable-background-networking"]:
            options.add_argument(flag)
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.browser = webdriver.Chrome(
            options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self.address, self.name, self.seen = address, name, 0
        self.browser.get(address + "/")

    def keys(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def find(self, what):
        return self.browser.find_elements(By.CSS_SELECTOR, what)

    def text(self):
        return self.browser.find_element(By.TAG_NAME, "body").text

    def reach(self, holds, what):
        """Moves the focus forward until it is on this."""
        for _ in range(80):
            focused = self.browser.switch_to.active_element
            if holds(focused):
                return focused
            self.keys(Keys.TAB)
        raise AssertionError(f"no {what} is reached by keyboard on {self.browser.current_url}")

    def follow(self, label):
        self.reach(lambda of: of.text.strip() == label, label)
        self.keys(Keys.ENTER)
        time.sleep(0.3)

    def fill(self, field, text):
        self.reach(lambda of: of.get_attribute("id") == field, field).send_keys(text)

    def look(self):
        """What every page must have; a picture of it is kept."""
        assert self.find("html")[0].get_attribute("lang") == "en"
        assert len(self.find("h1")) == 1, self.browser.current_url
        assert self.browser.title
        for field in self.find("input:not([type=hidden]), textarea"):
            label = self.find(f"label[for={field.get_attribute('id')}]")
            assert len(label) == 1 and label[0].text.strip(), field.get_attribute("outerHTML")
        for table in self.find("table"):
            heads = table.find_elements(By.CSS_SELECTOR, "th[scope=col]")
            assert heads, self.browser.current_url
        wide = self.browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
        assert wide <= 1100, (self.browser.current_url, wide)
        assert not self.find("script, b"), "nothing that others wrote becomes markup"
        # Mistakes are told by a status that browsers note, too.
        expected = ["favicon", "401 (Unauthorized)", "422 (Unprocessable Entity)"]
        complaints = [of["message"] for of in self.browser.get_log("browser")]
        complaints = [of for of in complaints if not any(part in of for part in expected)]
        assert not complaints, complaints
        self.seen += 1
        self.browser.save_screenshot(str(PICTURES / f"{self.name}-{self.seen:02}.png"))

    def enter(self, token):
        self.look()
        self.fill("token", "wrong")
        self.follow("Enter")
        until("a wrong token is refused", lambda: "not known here" in self.text())
        self.fill("token", token)
        self.follow("Enter")
        until("the studies are shown", lambda: "Studies" in self.text())
        self.look()


def walk(fleet):
    address = f"https://127.0.0.1:{fleet.ports['oversight']}"
    steward, analyst, auditor = (
        Reader(address, role) for role in ["steward", "analyst", "auditor"])
    for reader in [steward, analyst, auditor]:
        reader.enter(fleet.token(reader.name))
    assert "No study is known here yet" in analyst.text()

    analyst.follow("Propose")
    analyst.look()
    analyst.fill("document", "this is no study")
    analyst.follow("Propose")
    assert "study:1:" in analyst.text() or "error" in analyst.text(), analyst.text()
    analyst.browser.get(address + "/propose")
    # Typed by keyboard a document takes minutes: it is pasted.
    field = analyst.find("textarea")[0]
    analyst.browser.execute_cdp_cmd("Input.insertText", {"text": ""})
    field.send_keys(fleet.study)
    analyst.reach(lambda of: of.text.strip() == "Propose" and of.tag_name == "button", "Propose")
    analyst.keys(Keys.ENTER)
    until("it is proposed", lambda: "fan-failure-rate" in analyst.text())
    analyst.look()
    assert "Review <b>of</b> the fan" in analyst.text(), "as it was written"
    assert not [of for of in analyst.find("button") if of.text == "Approve"]

    steward.follow("Studies")
    assert "waits for you" in steward.text()
    steward.look()
    steward.follow("fan-failure-rate")
    steward.look()
    for part in ["What becomes known", "What it costs", "Who says what"]:
        assert part in steward.text()
    # No word against it without a reason: the browser itself asks for one.
    steward.follow("Reject")
    assert "rejects" not in steward.text()
    steward.fill("reason", "per million hours, please")
    steward.follow("Reject")
    until("it is rejected", lambda: "per million hours, please" in steward.text())
    steward.follow("Approve")
    steward.look()
    for node in NODES[:3]:
        fleet.run("study", "sign", "study.toml", "--home", node)

    def agreed():
        analyst.browser.refresh()
        return "Run it now, at all nodes" in analyst.text()
    until("all have approved", agreed)
    analyst.follow("Run it now, at all nodes")

    def finished():
        analyst.browser.refresh()
        return "finished" in analyst.text()
    until("it has run", finished)
    analyst.look()
    analyst.follow("results")
    assert "34.839" in analyst.text(), analyst.text()
    analyst.browser.save_screenshot(str(PICTURES / "analyst-results.png"))

    for page in ["Studies", "Ledger", "Log", "Nodes"]:
        auditor.follow(page)
        auditor.look()
    auditor.browser.get(steward.browser.current_url)
    auditor.look()
    assert not [of for of in auditor.find("a") if of.text == "results"], "no results for auditors"
    auditor.follow("Log")
    assert "all have signed run" in auditor.text()
    auditor.follow("Leave")
    auditor.browser.get(address + "/log")
    assert auditor.find("#token"), "who has left is asked for a token"

    for reader in [steward, analyst, auditor]:
        reader.browser.quit()


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(folder)
        try:
            fleet.start()
            walk(fleet)
        finally:
            fleet.stop()
    print(f"Every page holds; pictures of them are in {PICTURES}.")


if __name__ == "__main__":
    main()
