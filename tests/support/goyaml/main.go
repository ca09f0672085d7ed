// Reads a cassette as go-vcr v4 does, with go-yaml, and prints what it found as JSON: what go-vcr would replay.
//
// The structures have go-vcr's field names and types (github.com/dnaeon/go-vcr/v4, pkg/cassette).
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"gopkg.in/yaml.v3"
)

type request struct {
	Proto            string      `yaml:"proto"`
	ProtoMajor       int         `yaml:"proto_major"`
	ProtoMinor       int         `yaml:"proto_minor"`
	ContentLength    int64       `yaml:"content_length"`
	TransferEncoding []string    `yaml:"transfer_encoding"`
	Trailer          http.Header `yaml:"trailer"`
	Host             string      `yaml:"host"`
	RemoteAddr       string      `yaml:"remote_addr"`
	RequestURI       string      `yaml:"request_uri"`
	Body             string      `yaml:"body"`
	Form             url.Values  `yaml:"form"`
	Headers          http.Header `yaml:"headers"`
	URL              string      `yaml:"url"`
	Method           string      `yaml:"method"`
}

type response struct {
	Proto            string        `yaml:"proto"`
	ProtoMajor       int           `yaml:"proto_major"`
	ProtoMinor       int           `yaml:"proto_minor"`
	TransferEncoding []string      `yaml:"transfer_encoding"`
	Trailer          http.Header   `yaml:"trailer"`
	ContentLength    int64         `yaml:"content_length"`
	Uncompressed     bool          `yaml:"uncompressed"`
	Body             string        `yaml:"body"`
	Headers          http.Header   `yaml:"headers"`
	Status           string        `yaml:"status"`
	Code             int           `yaml:"code"`
	Duration         time.Duration `yaml:"duration"`
}

type interaction struct {
	ID       int      `yaml:"id"`
	Request  request  `yaml:"request"`
	Response response `yaml:"response"`
}

type cassette struct {
	Version      int           `yaml:"version"`
	Interactions []interaction `yaml:"interactions"`
}

// Bodies may be any bytes, which JSON has no place for.
type found struct {
	Version  int         `json:"version"`
	ID       int         `json:"id"`
	URL      string      `json:"url"`
	Method   string      `json:"method"`
	Asked    string      `json:"asked"`
	Answered string      `json:"answered"`
	Length   int64       `json:"length"`
	Headers  http.Header `json:"headers"`
	Trailer  http.Header `json:"trailer"`
	Code     int         `json:"code"`
	Duration float64     `json:"duration"`
}

func main() {
	for _, path := range os.Args[1:] {
		if err := tell(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func tell(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var read cassette
	if err := yaml.Unmarshal(data, &read); err != nil {
		return err
	}
	all := []found{}
	for _, one := range read.Interactions {
		all = append(all, found{
			read.Version, one.ID, one.Request.URL, one.Request.Method,
			base64.StdEncoding.EncodeToString([]byte(one.Request.Body)),
			base64.StdEncoding.EncodeToString([]byte(one.Response.Body)),
			one.Response.ContentLength, one.Response.Headers, one.Response.Trailer, one.Response.Code,
			one.Response.Duration.Seconds(),
		})
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}
