// Package assistant is a small assistant: an answer, an answer piece by piece.
package assistant

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
)

type message struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content"`
}

type completion struct {
	ID      string
	Choices []struct{ Message, Delta message }
}

func post(question string, stream bool) (*http.Response, error) {
	body, err := json.Marshal(map[string]any{
		"model": "gpt-5-nano", "messages": []message{{"user", question}}, "stream": stream,
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest("POST", "https://api.openai.com/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	answer, err := http.DefaultClient.Do(request)
	if err == nil && answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		err = fmt.Errorf("the API said %s", answer.Status)
	}
	return answer, err
}

// Ask returns the answer to a question.
func Ask(question string) (string, error) {
	answer, err := post(question, false)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var read completion
	if err := json.NewDecoder(answer.Body).Decode(&read); err != nil {
		return "", err
	}
	return read.ID + ": " + read.Choices[0].Message.Content, nil
}

// Tell returns the pieces of the answer to a question, in the order in which they came.
func Tell(question string) ([]string, error) {
	answer, err := post(question, true)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var pieces []string
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		var read completion
		if !found || json.Unmarshal([]byte(data), &read) != nil || len(read.Choices) == 0 {
			continue
		}
		if text := read.Choices[0].Delta.Content; text != "" {
			pieces = append(pieces, text)
		}
	}
	return pieces, lines.Err()
}
