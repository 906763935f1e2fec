"""A small OpenStack client on the standard library: a token, then JSON requests."""
import json
import time
import urllib.error
import urllib.request


# An API reads the version meant for it, and Cinder takes any other for none.
VERSIONS = {"compute": "compute 2.79", "volumev3": "volume 3.60"}


class Cloud:
    def __init__(self, address, password, catalog=True):
        self.address, self.token, self.urls = address, None, {}
        user = {"name": "admin", "domain": {"id": "default"}, "password": password}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                         "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}
        self.urls["identity"] = f"http://{address}:5000/v3"
        answer, headers = self.exchange("POST", "identity", "/auth/tokens", body)
        self.token = headers["X-Subject-Token"]
        self.project = answer["token"]["project"]["id"]
        for service in answer["token"].get("catalog", []) if catalog else []:
            for endpoint in service["endpoints"]:
                if endpoint["interface"] == "public":
                    self.urls[service["type"]] = endpoint["url"].rstrip("/")

    def exchange(self, method, service, path, body=None, headers=None):
        sent = {"Content-Type": "application/json"}
        if service in VERSIONS:
            sent["OpenStack-API-Version"] = VERSIONS[service]
        if self.token:
            sent["X-Auth-Token"] = self.token
        sent.update(headers or {})
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        request = urllib.request.Request(self.urls[service] + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                text = response.read()
                answer = json.loads(text) if text[:1] in (b"{", b"[") else text
                return answer, response.headers
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {service}{path}: {error.code} {error.read()[:300]!r}") from None

    def get(self, service, path):
        return self.exchange("GET", service, path)[0]

    def post(self, service, path, body):
        return self.exchange("POST", service, path, body)[0]

    def delete(self, service, path):
        return self.exchange("DELETE", service, path)[0]

    def wait(self, service, path, done, seconds=300):
        """Polls until done(answer); an ERROR status ends it at once."""
        until = time.time() + seconds
        while True:
            answer = self.get(service, path)
            if done(answer):
                return answer
            if time.time() > until or '"status": "error' in json.dumps(answer).lower():
                raise RuntimeError(f"{service}{path}: {json.dumps(answer)[:600]}")
            time.sleep(1)
