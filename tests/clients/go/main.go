// Command go sends stories with a client for Go: `go segment` or `go rudder`. Input and output are those of ../node/server.mjs.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"reflect"
	"time"

	rudder "github.com/rudderlabs/analytics-go/v4"
	segment "github.com/segmentio/analytics-go/v3"
)

// story is what is to be sent.
type story struct {
	WriteKey  string `json:"writeKey"`
	APIHost   string `json:"apiHost"`
	Sequences []struct {
		DelayMS int               `json:"delayMs"`
		Events  []json.RawMessage `json:"events"`
	} `json:"sequences"`
}

// result says how a story ended.
type result struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
}

// client is what the clients have in common. Each takes messages of its own types.
type client struct {
	messages []any
	enqueue  func(message any) error
	close    func() error
	ends     chan error // of a message that was sent or given up
}

func newClient(family string, s story) (client, error) {
	c := client{ends: make(chan error, 1000)}
	if family == "segment" {
		with, err := segment.NewWithConfig(s.WriteKey, segment.Config{
			Endpoint: s.APIHost, Callback: onSegment(c.ends), Logger: segment.StdLogger(log.New(io.Discard, "", 0)),
		})
		c.messages = []any{segment.Page{}, segment.Screen{}, segment.Track{}, segment.Identify{}, segment.Group{}, segment.Alias{}}
		c.enqueue = func(m any) error { return with.Enqueue(m.(segment.Message)) }
		c.close = func() error { return with.Close() }
		return c, err
	}
	with, err := rudder.NewWithConfig(s.WriteKey, rudder.Config{
		DataPlaneUrl: s.APIHost, Callback: onRudder(c.ends), Logger: rudder.StdLogger(log.New(io.Discard, "", 0)),
	})
	c.messages = []any{rudder.Page{}, rudder.Screen{}, rudder.Track{}, rudder.Identify{}, rudder.Group{}, rudder.Alias{}}
	c.enqueue = func(m any) error { return with.Enqueue(m.(rudder.Message)) }
	c.close = func() error { return with.Close() }
	return c, err
}

type onSegment chan error

func (o onSegment) Success(segment.Message)            { o <- nil }
func (o onSegment) Failure(_ segment.Message, e error) { o <- e }

type onRudder chan error

func (o onRudder) Success(rudder.Message)            { o <- nil }
func (o onRudder) Failure(_ rudder.Message, e error) { o <- e }

// message reads an event as the client's own type.
func (c client) message(event json.RawMessage) (any, error) {
	var kind struct {
		Type    string
		Context map[string]any
	}
	if err := json.Unmarshal(event, &kind); err != nil {
		return nil, err
	}
	for _, m := range c.messages {
		kindOf := reflect.TypeOf(m)
		if !bytes.EqualFold([]byte(kindOf.Name()), []byte(kind.Type)) {
			continue
		}
		if _, renamed := kindOf.FieldByName("OriginalTimestamp"); renamed {
			event = bytes.ReplaceAll(event, []byte(`"timestamp"`), []byte(`"originalTimestamp"`))
		}
		read := reflect.New(kindOf)
		err := json.Unmarshal(event, read.Interface())
		if context := read.Elem().FieldByName("Context"); len(kind.Context) > 0 && context.IsValid() && !context.IsNil() {
			context.Elem().FieldByName("Extra").Set(reflect.ValueOf(kind.Context)) // what a client has no field for
		}
		return read.Elem().Interface(), err
	}
	return nil, fmt.Errorf("unknown type %q", kind.Type)
}

// tell sends a story and waits until the client has sent or given up each event: a client that is closed before gives up what failed once.
func tell(family string, s story) error {
	c, err := newClient(family, s)
	if err != nil {
		return err
	}
	sent := 0
	for _, sequence := range s.Sequences {
		time.Sleep(time.Duration(sequence.DelayMS) * time.Millisecond)
		for _, event := range sequence.Events {
			m, err := c.message(event)
			if err != nil {
				return err
			}
			if err := c.enqueue(m); err != nil {
				return err
			}
			sent++
		}
	}
	for range sent {
		if failed := <-c.ends; failed != nil {
			err = failed
		}
	}
	if closed := c.close(); err == nil {
		err = closed
	}
	return err
}

func main() {
	var ends []chan error
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s story
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			log.Fatal(err)
		}
		end := make(chan error, 1)
		ends = append(ends, end)
		go func() { end <- tell(os.Args[1], s) }()
	}
	answer := json.NewEncoder(os.Stdout)
	for _, end := range ends {
		said := result{Success: true}
		if err := <-end; err != nil {
			said = result{Error: err.Error()}
		}
		if err := answer.Encode(said); err != nil {
			log.Fatal(err)
		}
	}
}
