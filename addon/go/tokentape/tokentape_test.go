package tokentape_test

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"tokentape"
)

const (
	starter  = "../../../cassettes" // the recordings that come with a clone
	api      = "https://api.openai.com/v1/chat/completions"
	question = `{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What does a tape do?"}]}`
)

func ask(t *testing.T, client *http.Client, body string) (int, string) {
	t.Helper()
	answer, err := client.Post(api, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestThreeLinesReplayACassette(t *testing.T) {
	proxy, err := tokentape.Start(tokentape.Options{Mode: "replay", Library: starter})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	status, text := ask(t, proxy.Client("chat-basic"), question)
	if status != 200 || !strings.Contains(text, "A tape remembers every token.") {
		t.Error(status, text)
	}
}

func TestARefusalSaysWhatDiffers(t *testing.T) {
	proxy, err := tokentape.Start(tokentape.Options{Mode: "replay", Library: starter, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	status, text := ask(t, proxy.Client("chat-basic"), strings.Replace(question, "tape", "disk", 1))
	if status != 409 || !strings.Contains(text, "recorded 'What does a tape do?', got 'What does a disk do?'") {
		t.Error(status, text)
	}
	if err := proxy.Close(); err == nil || !strings.Contains(err.Error(), "out-of-date") {
		t.Error("strict, and a refusal is no error:", err)
	}
	if err := proxy.Close(); err == nil {
		t.Error("a second Close forgets")
	}
}

func TestChildrenOfAnyLanguageGoThroughIt(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl on this machine")
	}
	proxy, err := tokentape.Start(tokentape.Options{Mode: "replay", Library: starter})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	child := exec.Command(curl, "-sS", "-H", "Content-Type: application/json", "-d", question, api)
	child.Env = proxy.Env("chat-basic")
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "A tape remembers every token.") {
		t.Error(err, string(out))
	}
}

func TestWhatCanNotStartSaysWhy(t *testing.T) {
	if _, err := tokentape.Start(tokentape.Options{Mode: "reply"}); err == nil || !strings.Contains(err.Error(), "replay") {
		t.Error(err)
	}
	t.Setenv("TOKENTAPE_COMMAND", "no-such-command")
	if _, err := tokentape.Start(tokentape.Options{}); err == nil || !strings.Contains(err.Error(), "pipx install") {
		t.Error(err)
	}
}
