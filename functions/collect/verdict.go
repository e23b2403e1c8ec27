package collect

import (
	"fmt"
	"slices"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// tally is what became of the events of a request.
type tally struct {
	total   int
	details []httpapi.Detail // of the bad ones
}

// refusal is the answer of strict mode.
func (t tally) refusal() error {
	err := fault.Newf(fault.Invalid, "rejected_events",
		"%d of %d events are bad, see details; nothing was stored", len(t.details), t.total)
	return httpapi.WithDetails(err, t.details)
}

// rejectedHeader says how many of a request's events are bad, as "3/3", for whoever does not read the body: clients of
// the Segment family look at the status alone, and the pixel has no body to read.
const rejectedHeader = "waymark-rejected"

// marked adds that header to an answer, where a script of a page may read it too. None says that no event was found bad.
func (t tally) marked(answer events.APIGatewayV2HTTPResponse) events.APIGatewayV2HTTPResponse {
	if len(t.details) == 0 {
		return answer
	}
	return httpapi.With(answer, map[string]string{
		rejectedHeader: fmt.Sprintf("%d/%d", len(t.details), t.total), "access-control-expose-headers": rejectedHeader,
	})
}

// read reads every event of the payload once, and gives the envelope that process opens: good events as they were
// read, so that nobody need read them again, bad ones as they were sent, so that they are kept as they were sent. s
// is what is known of all of them.
func (p payload) read(s event.Stamp) (event.Envelope, tally) {
	t := tally{total: len(p.events)}
	e := event.Envelope{
		Version: event.EnvelopeVersion, Workspace: s.Workspace, Source: s.Source, Received: s.Received, Request: s.Request,
		Parsed: make([]event.Event, 0, len(p.events)),
	}
	reader := event.NewReader(s)
	for i, sent := range p.events {
		if sent.Kind() == strictjson.Missing {
			continue // its visitor has denied it
		}
		one, err := readEvent(reader, sent, i)
		if err == nil {
			err = p.asked.Of(&one)
		}
		if err != nil {
			t.details = append(t.details, httpapi.DetailOf(i, err))
			e.At = append(e.At, i)
			continue
		}
		e.Parsed = append(e.Parsed, one)
	}
	event.KeepOrder(e.Parsed)
	if len(s.Context) > 0 {
		p.limitGrowth(&e)
	}
	for _, i := range e.At {
		e.Events = append(e.Events, asSent(p.events[i]))
		e.SentAt, e.Context, e.Type, e.Network = s.SentAt, s.Context, s.Type, s.Network
	}
	if len(e.Parsed) == 0 {
		e.At, e.Parsed = nil, nil
	}
	return e, t
}

// readEvent reads one event. Process would read one that is too large as sent in its shortest form, so that form
// decides.
func readEvent(reader event.Reader, sent strictjson.Value, index int) (event.Event, error) {
	if len(sent.Raw()) > event.MaxEventBytes {
		return reader.Parse(asSent(sent), index)
	}
	return reader.Read(sent, index)
}

// How much longer than it was sent an event may travel. ASCII makes three bytes of one at most; the rest is for an id
// and some context.
const (
	maxGrowth      = 3
	maxGrowthBytes = 256
)

// limitGrowth lets events travel as they were sent that what the batch shares makes much longer: a large context that
// 2,500 small events share must not fill the queue 2,500 times.
func (p payload) limitGrowth(e *event.Envelope) {
	var scratch []byte
	e.Parsed = slices.DeleteFunc(e.Parsed, func(one event.Event) bool {
		scratch = one.AppendJSON(scratch[:0])
		grown := len(scratch) > maxGrowth*len(p.events[one.Index].Raw())+maxGrowthBytes
		if grown {
			e.At = append(e.At, one.Index)
		}
		return grown
	})
	slices.Sort(e.At)
}
