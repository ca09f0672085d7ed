"""From a request to its answer under a simulation. What the Azure OpenAI simulator does wrong has a test by its
symptom."""

import json
import random
import statistics

import pytest

from tokentape.generate import Generated, generate
from tokentape.generate.answering import answered
from tokentape.generate.canned import Played
from tokentape.model import Request, header
from tokentape.simulation.simulationfile import read
from tokentape.simulation.simulator import Begun, Simulator
from tokentape.wire.answers import Answer, Ends

JSON = ("Content-Type", "application/json")
AZURE = "https://unit.openai.azure.com/openai/deployments/{}/{}?api-version=2024-02-01"
OPENAI = "https://api.openai.com/v1/{}"
ANTHROPIC = "https://api.anthropic.com/v1/{}"
CHAT = OPENAI.format("chat/completions")
HELLO = [{"role": "user", "content": "What does a tape do?"}]
WALL = 1_767_225_600.0


class World:
    """A simulator and a clock that only the test moves."""

    def __init__(self, toml: str = "", environ=None):
        self.simulator = Simulator(read(toml, "simulation.toml", environ or {}))
        self.now = 0.0

    def use(self, toml: str) -> None:
        self.simulator.use(read(toml, "simulation.toml", {}))

    def request(self, url=CHAT, headers=(), **tree) -> Request:
        return Request("POST", url, (JSON, *headers), json.dumps(tree).encode())

    def ask(self, url=CHAT, headers=(), **tree) -> Answer:
        """A request, answered as the engine does it."""
        tree = {"model": "gpt-4o", "messages": HELLO, "max_tokens": 20, **tree}
        request = self.request(url, headers, **tree)
        met = self.simulator.begin(request, self.now, WALL + self.now)
        if isinstance(met, Answer):
            return met
        assert met.call is not None
        setting = self.simulator.setting(met)
        made = answered(request, met.call.route, seed=setting.seed, now=WALL, setting=setting, played=Played())
        return self.simulator.generated(met, made, self.now, WALL + self.now, "fast", 0.0)

    def azure(self, deployment="d1", operation="chat/completions", **more) -> Answer:
        return self.ask(AZURE.format(deployment, operation), **more)

    def anthropic(self, headers=(), **more) -> Answer:
        version = ("anthropic-version", "2023-06-01")
        return self.ask(ANTHROPIC.format("messages"), (version, *headers), model="claude-sonnet-4-5", **more)


def error_of(answer: Answer):
    assert header(answer.headers, "content-type") == "application/json"
    assert header(answer.headers, "content-length") == str(len(answer.body))
    return json.loads(answer.body)["error"]


# --- keys -------------------------------------------------------------------------------------------------------------

KEYS = 'keys = ["right"]\n'


@pytest.mark.parametrize(
    "headers",
    [(("api-key", "right"),), (("Authorization", "Bearer right"),), (("authorization", "bearer right"),)],
)
def test_azure_takes_a_key_in_either_header(headers):
    """The simulator knows `api-key` alone, and refuses Bearer."""
    assert World(KEYS).azure(headers=headers).status == 200


@pytest.mark.parametrize("headers", [(), (("api-key", "n0t-taken"),), (("api-key", ""),)])
def test_a_wrong_key_gets_azure_s_own_401(headers):
    """The simulator gives FastAPI's shape, `{"detail": …}`."""
    answer = World(KEYS).azure(headers=headers)
    error = error_of(answer)
    assert (answer.status, error["code"]) == (401, "401")
    assert error["message"].startswith("Access denied due to invalid subscription key")
    assert b"n0t-taken" not in answer.body


def test_a_wrong_key_gets_openai_s_and_anthropic_s_own_401():
    """Each in its own shape, one for no key and one for another key."""
    world = World(KEYS)
    assert error_of(world.ask())["message"].startswith("You didn't provide an API key.")
    wrong = error_of(world.ask(headers=[("Authorization", "Bearer sk-wrong")]))
    assert (wrong["code"], wrong["type"]) == ("invalid_api_key", "invalid_request_error")
    assert "sk-wrong" not in json.dumps(wrong)
    answer = world.anthropic(headers=[("x-api-key", "sk-wrong")])
    assert json.loads(answer.body)["type"] == "error"
    assert error_of(answer) == {"type": "authentication_error", "message": "invalid x-api-key"}
    assert world.anthropic(headers=[("x-api-key", "right")]).status == 200


def test_without_keys_any_will_do():
    """And none; the simulator makes one up and prints it in clear."""
    assert World().azure().status == 200
    assert World().azure(headers=[("api-key", "anything")]).status == 200


# --- latency ----------------------------------------------------------------------------------------------------------


def times(answer: Answer) -> list[float]:
    return [step.at for step in answer.plan.steps]


def usage(answer: Answer):
    return json.loads(answer.body)["usage"]


def test_a_stream_does_not_wait_for_all_of_it_before_its_first_byte():
    """The simulator sleeps the whole time first, and then again for each word."""
    world = World('[latency]\nfirst_token = "200ms"\ntoken = "20ms"\n')
    streamed, whole = world.ask(stream=True, max_tokens=50), world.ask(max_tokens=50)
    assert (streamed.plan.wait, times(streamed)[0]) == (0.2, 0.2)
    assert times(streamed)[-1] == pytest.approx(0.2 + 0.02 * (usage(whole)["completion_tokens"] - 1))
    assert whole.plan.wait == pytest.approx(times(streamed)[-1])


STREAMS = [
    (World.ask, {}, 1, 2),
    (World.ask, {"stream_options": {"include_usage": True}}, 1, 3),
    (World.azure, {}, 2, 2),
]


@pytest.mark.parametrize(("ask", "more", "leading", "trailing"), STREAMS)
def test_each_token_of_a_stream_has_its_gap(ask, more, leading, trailing):
    """What is no token comes with the first one or the last: the role, the filter's findings, the end, the usage."""
    answer = ask(World('[latency]\nfirst_token = "1s"\ntoken = "100ms"\n'), stream=True, max_tokens=10, **more)
    tokens = [1 + place / 10 for place in range(10)]
    assert times(answer) == pytest.approx([1.0] * leading + tokens + [1.9] * trailing)


def test_each_token_of_azure_s_completions_has_its_gap():
    """The findings of its filter, which come first, were taken for a token."""
    world = World('[latency]\nfirst_token = "1s"\ntoken = "100ms"\n')
    answer = world.azure("instruct", "completions", prompt="Say this is a test", stream=True, max_tokens=10)
    assert times(answer) == pytest.approx([1.0] + [1 + place / 10 for place in range(10)] + [1.9] * 2)


def test_completions_take_their_time_by_the_token():
    """In the simulator it is that of one token for all."""
    world = World('[latency.completions]\nfirst_token = "15ms"\ntoken = "15ms"\n')
    url = AZURE.format("instruct", "completions")
    answer = world.ask(url, prompt="Say this is a test", max_tokens=30, model="gpt-3.5-turbo-instruct")
    assert answer.plan.wait == pytest.approx(0.015 * usage(answer)["completion_tokens"])


def test_embeddings_take_their_time():
    """In the simulator it is never applied, for embeddings complete no token."""
    world = World('[latency.embeddings]\nwhole = "100ms"\n')
    answer = world.ask(OPENAI.format("embeddings"), model="text-embedding-3-small", input="a tape")
    assert (answer.status, answer.plan.wait) == (200, pytest.approx(0.1))


def test_a_picture_takes_its_whole_time_and_not_that_of_its_tokens():
    """It counts a thousand of them, but writes none."""
    world = World('[latency.images]\nwhole = "3s"\ntoken = "20ms"\n')
    answer = world.ask(OPENAI.format("images/generations"), model="gpt-image-1", prompt="A tape")
    assert (answer.status, answer.plan.wait) == (200, pytest.approx(3.0))


def test_a_stream_that_counts_no_tokens_takes_its_time_by_its_events():
    """As one from a user's own generator, whose events all came at once."""
    world = World('[latency]\nfirst_token = "1s"\ntoken = "100ms"\n')
    met = world.simulator.begin(world.request(model="gpt-4o", messages=HELLO), 0.0, WALL)
    answer = world.simulator.generated(met, Generated(200, b"abcdef", events=(1,) * 6), 0.0, WALL, "fast", 0.0)
    assert times(answer)[-1] == pytest.approx(1.5)


def test_latency_is_distributed_as_configured_through_the_whole_simulator():
    """Mean and deviation of a thousand answers, and none below zero, as the simulator's are now and then."""
    world = World('seed = 3\n[latency]\nfirst_token = "100ms"\nfirst_token_spread = "80ms"\n')
    waits = [world.ask().plan.wait for _ in range(2000)]
    assert statistics.fmean(waits) == pytest.approx(0.1, rel=0.05)
    assert statistics.stdev(waits) == pytest.approx(0.08, rel=0.1)
    assert min(waits) > 0


def test_the_same_seed_gives_the_same_times_and_faults():
    """And another seed others; the simulator has none."""
    toml = (
        'seed = {}\n[latency]\nfirst_token = "1s"\nfirst_token_spread = "1s"\n[[fault]]\nkind = "reset"\nrate = 0.3\n'
    )

    def seen(seed):
        world = World(toml.format(seed))
        answers = [world.ask() for _ in range(30)]
        return [(answer.ends, answer.plan and answer.plan.wait) for answer in answers]

    assert seen(1) == seen(1) != seen(2)


def test_errors_come_at_once():
    """An answer that is none takes no time to write."""
    world = World('[latency]\nfirst_token = "5s"\n')
    assert world.ask(messages="no list").plan is None


def test_it_gets_slower_with_what_is_under_way():
    """Until it is answered; the simulator is as fast for one as for a thousand, or would be."""
    world = World('[latency]\nfirst_token = "1s"\nunder_load = 3\nbusy_at = 10\n')
    waits = [world.ask(max_tokens=1).plan.wait for _ in range(12)]
    assert waits == pytest.approx([1 + 0.2 * min(others, 10) for others in range(12)])
    world.now = 10.0
    assert world.ask(max_tokens=1).plan.wait == pytest.approx(1)


# --- limits -----------------------------------------------------------------------------------------------------------

DEPLOYMENT = '[[deployment]]\nname = "{}"\nmodel = "gpt-35-turbo"\n{}\n'


def test_more_than_the_whole_limit_is_a_429():
    """In the simulator an OverflowError, and an empty 500."""
    world = World(DEPLOYMENT.format("d1", "tokens_per_minute = 1000"))
    answer = world.azure(max_tokens=1001)
    assert answer.status == 429
    assert error_of(answer)["code"] == "429"
    assert header(answer.headers, "retry-after") == "60"
    assert world.azure(max_tokens=1000).status == 200


def test_a_deployment_without_a_limit_has_none():
    """In the simulator a missing tokensPerMinute ends in an empty 500 for each request."""
    world = World(DEPLOYMENT.format("d1", ""))
    answers = [world.azure(max_tokens=500) for _ in range(50)]
    assert {answer.status for answer in answers} == {200}
    assert header(answers[0].headers, "x-ratelimit-remaining-tokens") is None


def test_a_change_resets_no_window():
    """In the simulator: 200, 429, a change, 200."""
    toml = DEPLOYMENT.format("d1", "tokens_per_minute = 1000")
    world = World(toml)
    assert [world.azure(max_tokens=1000).status for _ in range(2)] == [200, 429]
    world.use(f"seed = 9\n{toml}")
    assert world.azure(max_tokens=1000).status == 429
    world.use(DEPLOYMENT.format("d1", "tokens_per_minute = 3000"))
    assert [world.azure(max_tokens=1000).status for _ in range(3)] == [200, 200, 429]


def test_deployments_that_nobody_named_are_limited_too():
    """By the limits for all; in the simulator never."""
    world = World("[limits]\ntokens_per_minute = 1000\n")
    assert [world.azure("whatever", max_tokens=600).status for _ in range(2)] == [200, 429]
    assert world.azure("another", max_tokens=600).status == 200


def test_a_refused_request_is_not_generated_first():
    """In the simulator a 429 costs what an answer does."""
    world = World(DEPLOYMENT.format("d1", "tokens_per_minute = 1000"))
    request = world.request(AZURE.format("d1", "chat/completions"), max_tokens=1000, messages=HELLO)
    assert isinstance(world.simulator.begin(request, 0.0, WALL), Begun)
    assert isinstance(world.simulator.begin(request, 0.0, WALL), Answer)


def test_success_says_limits_too_and_errors_have_a_type():
    """The simulator's answers have what remains alone, and its 429s no Content-Type and no retry-after-ms."""
    world = World(DEPLOYMENT.format("d1", "tokens_per_minute = 1000"))
    first, second = world.azure(max_tokens=1000), world.azure(max_tokens=1000)
    assert header(first.headers, "x-ratelimit-limit-tokens") == "1000"
    assert header(first.headers, "x-ratelimit-remaining-tokens") == "0"
    assert header(second.headers, "content-type") == "application/json"
    assert header(second.headers, "retry-after-ms") == "60000"
    assert header(second.headers, "x-ratelimit-remaining-tokens") is None


def test_exactly_when_it_says_the_next_one_comes_through():
    """Retry-After is neither too short nor much too long, whoever is asked."""
    for ask in (World.azure, World.ask, World.anthropic):
        world = World("[limits]\nrequests_per_minute = 6\n")
        chance = random.Random(1)
        refused = 0
        for _ in range(200):
            answer = ask(world)
            if answer.status == 200:
                world.now += chance.expovariate(1 / 5)
                continue
            refused += 1
            wait = int(header(answer.headers, "retry-after"))
            world.now += wait - 1
            early = ask(world)
            assert early.status == 429 or wait == 1
            world.now += 1 if early.status == 429 else 0
            assert early.status == 200 or ask(world).status == 200
        assert refused > 20


def test_audio_has_limits_by_requests():
    """Three a minute, as Whisper's; with all the headers."""
    world = World('[[deployment]]\nname = "whisper"\nrequests_per_minute = 3\nrequests_window = "1m"\n')
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\nabc\r\n--x--\r\n'
    request = Request(
        "POST",
        AZURE.format("whisper", "audio/translations"),
        (("Content-Type", "multipart/form-data; boundary=x"),),
        body,
    )
    met = [world.simulator.begin(request, float(at), WALL) for at in range(4)]
    assert [isinstance(one, Begun) for one in met] == [True, True, True, False]
    assert header(met[3].headers, "retry-after") == "57"
    assert header(met[3].headers, "x-ratelimit-reset-requests") == "57"


def test_anthropic_counts_what_was_written():
    """Output tokens when they are made, whatever is asked for at most."""
    world = World("[limits]\noutput_tokens_per_minute = 60\n")
    first = world.anthropic(max_tokens=9000, messages=[{"role": "user", "content": "Tell me all in 200 words."}])
    assert first.status == 200
    second = world.anthropic(max_tokens=1)
    assert "output tokens per minute" in error_of(second)["message"]
    assert header(second.headers, "anthropic-ratelimit-output-tokens-limit") == "60"


# --- deployments and the file -----------------------------------------------------------------------------------------


def test_any_model_can_be_deployed():
    """In the simulator one outside of its catalogue of nine keeps it from starting."""
    world = World('[[deployment]]\nname = "new"\nmodel = "gpt-99-omega"\n')
    assert json.loads(world.azure("new").body)["model"] == "gpt-99-omega"


def test_a_deployment_that_there_is_not():
    """Its error is an object, as Azure's, and not a text."""
    world = World('only_deployments = true\n[[deployment]]\nname = "d1"\n')
    answer = world.azure("nope")
    assert (answer.status, error_of(answer)["code"]) == (404, "DeploymentNotFound")  # an object, and no text as there
    assert error_of(world.ask(model="nope"))["code"] == "model_not_found"
    missing = world.anthropic()
    assert error_of(missing) == {"type": "not_found_error", "message": "model: claude-sonnet-4-5"}
    assert world.azure("d1").status == 200


def test_a_list_of_models_needs_no_deployment():
    """It names none."""
    world = World("only_deployments = true\n")
    met = world.simulator.begin(Request("GET", OPENAI.format("models")), 0.0, WALL)
    assert isinstance(met, Begun)


def test_azure_s_list_of_models_has_the_deployments():
    """It had those of the one that a request names: none."""
    rows = '[[deployment]]\nname = "mine"\nmodel = "gpt-4o"\n[[deployment]]\nname = "any-*"\n'
    simulator = World(rows).simulator
    request = Request("GET", "https://unit.openai.azure.com/openai/v1/models")
    met = simulator.begin(request, 0.0, WALL)
    assert isinstance(met, Begun)
    made = generate(request, now=WALL, setting=simulator.setting(met))
    names = [row["id"] for row in json.loads(made.body)["data"]]
    assert "mine" in names
    assert "any-*" not in names


def test_the_file_of_a_picture_needs_no_deployment_and_no_key():
    """Its URL is put into a page as it is; its name was taken for that of a model."""
    world = World(KEYS + "only_deployments = true\n")
    url = OPENAI.format("images/files/img-a-256x256.png")
    met = world.simulator.begin(Request("GET", url), 0.0, WALL)
    assert isinstance(met, Begun)
    assert met.name == ""


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "kind"),
    [(World.azure, ""), (World.ask, "server_error"), (World.anthropic, "api_error")],
)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_error_of_a_status_is_in_the_provider_s_shape(ask, kind, status):
    """And has what a client may go by."""
    answer = ask(World(), headers=[("X-Cassette-Fault", f"status={status}; delay=2500ms")])
    assert answer.status == status
    assert error_of(answer).get("type", "") == kind
    assert header(answer.headers, "retry-after") == "3"


def test_a_browser_may_ask_whether_it_may_ask():
    """Its question has no key yet."""
    world = World(KEYS)
    assert isinstance(world.simulator.begin(Request("OPTIONS", CHAT), 0.0, WALL), Begun)
    assert isinstance(world.simulator.begin(Request("POST", CHAT), 0.0, WALL), Answer)
    assert "right" not in repr(world.simulator.simulation)


def test_a_fault_strikes_whom_it_is_for():
    """By model, each third time."""
    world = World('[[fault]]\nkind = "timeout"\nevery = 3\ndeployments = "gpt-4o"\n')
    ends = [world.ask().ends for _ in range(6)]
    assert ends == [Ends.AS_PLANNED, Ends.AS_PLANNED, Ends.HANG] * 2
    assert all(world.ask(model="gpt-4.1").ends is Ends.AS_PLANNED for _ in range(6))


def test_the_header_goes_before_the_rules():
    """A request that asks for a fault meets that one."""
    world = World('[[fault]]\nkind = "timeout"\n')
    assert world.ask(headers=[("X-Cassette-Fault", "reset")]).ends is Ends.RESET


def test_to_count_tokens_uses_up_no_limit():
    """Anthropic counts tokens for free, under limits of their own: it used up those of messages."""
    world = World("[limits]\nrequests_per_minute = 1\ninput_tokens_per_minute = 100\n")
    version = ("anthropic-version", "2023-06-01")
    for _ in range(3):
        counted = world.ask(ANTHROPIC.format("messages/count_tokens"), (version,), model="claude-sonnet-4-5")
        assert counted.status == 200
        assert header(counted.headers, "anthropic-ratelimit-requests-remaining") is None
    assert [world.anthropic().status for _ in range(2)] == [200, 429]


def test_a_name_as_long_as_a_book_does_not_fill_the_memory():
    """A thousand names are remembered, however long they are."""
    world = World()
    for number in range(5):
        world.ask(model=f"{number}" + "x" * 100_000)
    assert sum(map(len, world.simulator._names)) < 5000


def test_replayed_answers_have_the_simulation_s_limits_and_not_the_recorded_ones():
    """Or a client would be told two things."""
    world = World("[limits]\nrequests_per_minute = 60\n")
    met = world.simulator.begin(world.request(model="gpt-4o", messages=HELLO), 0.0, WALL)
    recorded = Answer(200, "OK", (JSON, ("x-ratelimit-remaining-requests", "9999"), ("Retry-After", "7")), b"{}", "x")
    answer = world.simulator.replayed(met, recorded, 6, 0.0, WALL)
    assert [value for name, value in answer.headers if "remaining" in name] == ["59"]
    assert header(answer.headers, "retry-after") is None


# --- what is counted --------------------------------------------------------------------------------------------------


def figures(world: World) -> dict[str, float]:
    lines = [line for line in world.simulator.lines(world.now) if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_tokens_limits_and_latencies_by_model():
    """Everything that the simulator sends to one cloud alone, where anybody can read it."""
    world = World('[limits]\nrequests_per_minute = 2\n[latency]\nfirst_token = "300ms"\n[[fault]]\nkind = "cut"\n')
    answers = [world.ask() for _ in range(3)]
    world.now = 0.1
    seen = figures(world)
    who = 'provider="openai",operation="chat",model="gpt-4o"'
    tokens = usage(World().ask())["completion_tokens"]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert seen[f'tokentape_simulated_total{{{who},status="200"}}'] == 2
    assert seen[f'tokentape_simulated_total{{{who},status="429"}}'] == 1
    assert seen['tokentape_simulated_tokens_total{provider="openai",model="gpt-4o",kind="completion"}'] == 2 * tokens
    assert seen['tokentape_limited_total{provider="openai",model="gpt-4o",limit="requests"}'] == 1
    assert seen['tokentape_simulated_tokens_total{provider="openai",model="gpt-4o",kind="limited"}'] == 20
    assert seen['tokentape_limit{provider="openai",model="gpt-4o",limit="requests"}'] == 2
    assert seen['tokentape_limit_remaining{provider="openai",model="gpt-4o",limit="requests"}'] == 0
    assert seen['tokentape_faults_total{fault="cut"}'] == 2
    assert seen["tokentape_under_way"] == 2
    assert seen[f'tokentape_first_byte_seconds_bucket{{{who},le="0.25"}}'] == 0
    assert seen[f'tokentape_first_byte_seconds_bucket{{{who},le="0.5"}}'] == 2


def test_a_stream_s_time_is_that_to_its_end():
    """In the simulator it ends before the body is sent."""
    world = World('[latency]\nfirst_token = "100ms"\ntoken = "1s"\n')
    last = times(world.ask(stream=True))[-1]
    who = 'provider="openai",operation="chat",model="gpt-4o"'
    seen = figures(world)
    assert seen[f"tokentape_answer_seconds_sum{{{who}}}"] == pytest.approx(last)
    assert seen[f"tokentape_first_byte_seconds_sum{{{who}}}"] == pytest.approx(0.1)


def test_names_from_clients_do_not_fill_the_metrics():
    """Nor break their format."""
    world = World()
    for number in range(1500):
        world.simulator.figures.limited("openai", f"m{number}", "requests", 0)
    world.ask(model='a"\\\nb')
    assert len([line for line in world.simulator.lines(0.0) if line.startswith("tokentape_limited_total")]) == 1001
    assert all("\n" not in line for line in world.simulator.lines(0.0))


def test_half_a_surrogate_pair_as_a_model_does_not_break_the_metrics():
    """Limits showed the name as it came, and no answer with it could be encoded."""
    world = World("[limits]\nrequests_per_minute = 60\n")
    world.ask(model="\ud800")
    assert b"tokentape_limit_remaining" in "\n".join(world.simulator.lines(0.0)).encode()
