"""The first people of a portal that was just installed: the first operator by the link of the first start, a Smart Account of
their own that an invited Domain approver lets come to be, and a request for a customer, who follows the link of a letter
that a mail server has delivered.

journey.py operator BASE LINK    the first operator
journey.py request BASE MAILS    the rest; the Domain approver was given the role and is invited
journey.py again BASE MAILS      afterwards, such as after an upgrade: people sign in and see their accounts
journey.py provider BASE WHO     somebody comes in by the company's provider, and holds the role of their group

MAILS is the folder (Maildir) of the mail server. The standard library alone; a form is sent as its page has it, so that a
field that is missing here is missing for people too.
"""

import email.policy
import html.parser
import http.client
import pathlib
import re
import sys
import time
import urllib.parse

OPERATOR, APPROVER, CUSTOMER = "olga@company.example", "drew@company.example", "it@alder.example"
PASSWORD = "teal cabin forty orbit"


class Forms(html.parser.HTMLParser):
    """The forms of a page: address and fields."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.area = [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        if tag == "form":
            self.forms.append((has.get("action", ""), has.get("method", "get"), {}))
        elif self.forms and tag == "input" and has.get("name"):
            if has.get("type") in ("checkbox", "radio") and "checked" not in has:
                return
            self.forms[-1][2][has["name"]] = has.get("value", "")
        elif self.forms and tag == "textarea" and has.get("name"):
            self.area = has["name"]
            self.forms[-1][2][self.area] = ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.area = None

    def handle_data(self, data):
        if self.area:
            self.forms[-1][2][self.area] += data


class Browser:
    """Keeps cookies of each site, sends forms, follows, also to another site."""

    def __init__(self, base):
        self.base, self.site, self.jars, self.path, self.text = base, base, {}, "/", ""

    def ask(self, method, address, body=None):
        at = urllib.parse.urlsplit(urllib.parse.urljoin(self.site + self.path, address))
        came_from, self.site = self.site, f"{at.scheme}://{at.netloc}"
        self.path = at.path + ("?" + at.query if at.query else "")
        cookies = self.jars.setdefault(self.site, {})
        secure = at.scheme == "https"  # by the authorities of SSL_CERT_FILE
        server = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(at.hostname, at.port, timeout=30)
        heads = {"Host": at.netloc, "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "Accept": "text/html"}
        if body is not None:
            heads |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": came_from, "Sec-Fetch-Site": "same-origin"}
        server.request(method, self.path, body, heads)
        answer = server.getresponse()
        self.text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                pair, _, rest = value.partition(";")
                key, _, worth = pair.partition("=")
                cookies.pop(key, None)
                if worth and "max-age=0" not in rest.lower() and "1970" not in rest:
                    cookies[key] = worth
        if answer.status in (302, 303):
            return self.ask("GET", answer.getheader("location"))
        if answer.status >= 400:
            words = re.sub(r"<[^>]+>", " ", self.text.partition("<main")[2])
            sys.exit(f"{method} {self.site}{self.path}: {answer.status} {' '.join(words.split())[:600]}")
        return self

    def open(self, path):
        return self.ask("GET", urllib.parse.urljoin(self.base, path))

    def send(self, ending, **fields):
        """Sends the form whose address ends so."""
        for action, method, values in Forms(self.text).forms:
            address = action or self.path
            if method.lower() == "post" and address.split("?")[0].endswith(ending):
                return self.ask("POST", address, urllib.parse.urlencode(values | fields))
        sys.exit(f"{self.path} has no form for {ending}")

    def shows(self, words):
        if words not in self.text:
            sys.exit(f"{self.path} does not show {words!r}")
        return self


def letter(mails, to, words):
    """The text of a letter to somebody whose subject holds these words, as the mail server has delivered it."""
    for _ in range(120):
        for file in sorted(pathlib.Path(mails).glob("**/new/*")):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if to in str(message["to"]) and words in str(message["subject"]):
                return message.get_body(("plain",)).get_content()
        time.sleep(0.5)
    sys.exit(f"no letter to {to} about {words!r} has arrived")


def operator(base, link):
    olga = Browser(base).open(link)
    olga.send(olga.path, name="Olga Brandt", email=OPERATOR, password=PASSWORD, password_again=PASSWORD)
    olga.open("/operator").shows("Olga Brandt")
    print("the first operator came in by the link")


def signed_in(base, address):
    browser = Browser(base).open("/login")
    return browser.send("/login", email=address, password=PASSWORD)


def request(base, mails):
    invitation = letter(mails, APPROVER, "Set up your Licentral")
    drew = Browser(base).open(re.search(re.escape(base) + r"/invite/\S+", invitation)[0].rstrip(".>)"))
    drew.send(drew.path, name="Drew Tanaka", password=PASSWORD, password_again=PASSWORD)
    olga = signed_in(base, OPERATOR)
    olga.open("/access/create").send("/access/create", name="Company Ltd", headquarters="1 Main Street", visibility="unrestricted")
    reference = re.search(r"SAR-[0-9-]+", olga.open("/requests").text)[0]
    print("the operator asked for a Smart Account")
    # A request for one's own company is the Domain approver's to approve as a whole, not its domain alone.
    drew.open("/requests").shows(reference).open(f"/requests/{reference}").send("/approve")
    letter(mails, OPERATOR, "Company Ltd")
    olga.open("/access").shows("Company Ltd")
    print("the Domain approver followed the invitation, and approved")
    olga.open("/access/request-for-customer").send(
        "/access/request-for-customer", name="Alder Ridge Clinics", domain="alder.example",
        note_to_approver="By phone.", customer_emails=CUSTOMER, note_to_customer="Welcome.")
    print("a Smart Account was requested for a customer")
    text = letter(mails, CUSTOMER, "pending for you")
    iris = Browser(base).open(re.search(re.escape(base) + r"/r/\S+", text)[0].rstrip(".>)"))
    iris.send(iris.path, name="Iris Tan", password=PASSWORD, password_again=PASSWORD)
    iris.send("/approve").open("/access").shows("Alder Ridge Clinics")
    print("the customer followed the link of the letter, and approved")
    letter(mails, OPERATOR, "Alder Ridge Clinics")
    print("the operator was told of it by mail")


def again(base, mails):
    signed_in(base, OPERATOR).open("/access").shows("Company Ltd")
    signed_in(base, CUSTOMER).open("/access").shows("Alder Ridge Clinics")
    Browser(base).open("/password/forgot").send("/password/forgot", email=CUSTOMER)
    letter(mails, CUSTOMER, "password")
    print("both sign in, see their accounts, and a letter arrives")


def provider(base, who):
    nia = Browser(base).open("/login?next=/profile/sessions")
    way = re.search(r'href="(/login/provider[^"]*)"', nia.text) or sys.exit("the sign-in page offers no provider")
    nia.open(way[1].replace("&amp;", "&"))
    # At the provider: any password does, and then it asks whether the portal may know.
    nia.send(nia.path, login=who, password="anything")
    if nia.site != base:
        nia.send(nia.path)
    nia.shows("Identity provider").open("/operator")
    print("the provider lets an operator in")


if __name__ == "__main__":
    {"operator": operator, "request": request, "again": again, "provider": provider}[sys.argv[1]](*sys.argv[2:])
