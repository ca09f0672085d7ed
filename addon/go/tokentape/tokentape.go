// Package tokentape runs the proxy for a Go test: three lines start it, give a client that goes through it, and end it.
//
//	proxy, err := tokentape.Start(tokentape.Options{Library: "testdata/cassettes"})
//	defer proxy.Close()
//	client := proxy.Client("chat-basic")
//
// It needs the command tokentape on the path (pipx install FOLDER_OF_ITS_CLONE), or its words in TOKENTAPE_COMMAND, and
// nothing but Go's standard library. The proxy ends with the program, whatever way that ends.
package tokentape

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// Options say how to start a proxy. The zero value is tokentape's own default: mode once (replay where CI is set),
// library cassettes in the current folder.
type Options struct {
	Mode    string   // replay, once, new_episodes, record, passthrough, generate
	Library string   // the folder of the cassettes
	Strict  bool     // Close returns an error if something was refused, not recorded or never used
	Flags   []string // more flags of tokentape proxy, as --pace=recorded
}

// Proxy is a proxy that runs.
type Proxy struct {
	url     *url.URL
	roots   *x509.CertPool
	env     map[string]string
	command *exec.Cmd
	stdin   io.Closer
	said    *bytes.Buffer
	once    sync.Once
	ended   error
}

// Start starts a proxy on a free port, and returns when it listens.
func Start(options Options) (*Proxy, error) {
	proxy := &Proxy{command: command(options), said: new(bytes.Buffer)}
	proxy.command.Stderr = proxy.said
	// The proxy ends when its stdin does: with Close, or with us.
	stdin, err := proxy.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	proxy.stdin = stdin
	stdout, err := proxy.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := proxy.command.Start(); err != nil {
		return nil, fmt.Errorf("%w\n\nhint: pipx install FOLDER_OF_ITS_CLONE, or export TOKENTAPE_COMMAND=/path/to/tokentape", err)
	}
	// Without a line it has ended, and has said why.
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = proxy.read(line)
	}
	if err != nil {
		return nil, errors.Join(proxy.Close(), err)
	}
	return proxy, nil
}

func command(options Options) *exec.Cmd {
	words := strings.Fields(os.Getenv("TOKENTAPE_COMMAND"))
	if len(words) == 0 {
		words = []string{"tokentape"}
	}
	words = append(words, "proxy", "--port=0", "--json", "--until-eof")
	if options.Mode != "" {
		words = append(words, "--mode="+options.Mode)
	}
	if options.Library != "" {
		words = append(words, "--library="+options.Library)
	}
	if options.Strict {
		words = append(words, "--strict")
	}
	return exec.Command(words[0], append(words[1:], options.Flags...)...)
}

// read takes in what the proxy says of itself.
func (proxy *Proxy) read(line []byte) error {
	var where struct {
		URL    string            `json:"url"`
		Bundle string            `json:"ca_bundle"`
		Env    map[string]string `json:"env"`
	}
	if err := json.Unmarshal(line, &where); err != nil {
		return fmt.Errorf("tokentape said %q: %w", line, err)
	}
	address, err := url.Parse(where.URL)
	if err != nil {
		return err
	}
	roots, err := os.ReadFile(where.Bundle)
	if err != nil {
		return err
	}
	proxy.url, proxy.roots, proxy.env = address, x509.NewCertPool(), where.Env
	if !proxy.roots.AppendCertsFromPEM(roots) {
		return fmt.Errorf("%s: there is no certificate in it", where.Bundle)
	}
	return nil
}

// URL is the proxy's address; a cassette's name, if there is one, is its user.
func (proxy *Proxy) URL(cassette string) *url.URL {
	address := *proxy.url
	if cassette != "" {
		address.User = url.UserPassword(cassette, "x") // x: no session of its own
	}
	return &address
}

// Transport goes through the proxy and trusts it; its requests belong to a cassette ("" for none).
func (proxy *Proxy) Transport(cassette string) *http.Transport {
	return &http.Transport{
		Proxy:             http.ProxyURL(proxy.URL(cassette)),
		TLSClientConfig:   &tls.Config{RootCAs: proxy.roots},
		ForceAttemptHTTP2: true,
	}
}

// Client is an HTTP client with such a transport.
func (proxy *Proxy) Client(cassette string) *http.Client {
	return &http.Client{Transport: proxy.Transport(cassette)}
}

// Env is the environment of this program with all that a program of any language needs to go through the proxy, for
// exec.Cmd. This program's own default transport has read its variables before, so for that one use Client.
func (proxy *Proxy) Env(cassette string) []string {
	env := os.Environ()
	for name, value := range proxy.env {
		if strings.HasSuffix(strings.ToUpper(name), "_PROXY") && value == proxy.url.String() {
			value = proxy.URL(cassette).String()
		}
		env = append(env, name+"="+value)
	}
	return env
}

// Close ends the proxy, which publishes what was recorded. Its error is what the proxy has to say, if that is trouble.
func (proxy *Proxy) Close() error {
	proxy.once.Do(func() {
		proxy.stdin.Close()
		if err := proxy.command.Wait(); err != nil {
			proxy.ended = fmt.Errorf("tokentape: %w\n%s", err, proxy.said)
		}
	})
	return proxy.ended
}
