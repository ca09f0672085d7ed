package assistant

// The assistant's tests, as its author wrote them: nothing in here knows of a proxy.

import (
	"fmt"
	"strings"
	"testing"
)

func TestItAnswers(t *testing.T) {
	answer, err := Ask("Hello!")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("said", answer)
	if !strings.Contains(answer, "Hello") {
		t.Error("no greeting in", answer)
	}
}

func TestItTellsPieceByPiece(t *testing.T) {
	pieces, err := Tell("Hello!")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("said", strings.Join(pieces, "|"))
	if len(pieces) < 2 || !strings.Contains(strings.Join(pieces, ""), "Hello") {
		t.Error("no greeting in", pieces)
	}
}
