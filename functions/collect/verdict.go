package collect

import (
	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// tally is what became of the events of a request.
type tally struct {
	total   int
	details []httpapi.Detail // of the bad ones
}

// check reads every event as process will.
func check(envelope event.Envelope) tally {
	t := tally{total: len(envelope.Events)}
	for i, raw := range envelope.Events {
		if _, err := event.Parse(raw, envelope.Stamp(i)); err != nil {
			t.details = append(t.details, httpapi.DetailOf(i, err))
		}
	}
	return t
}

// refusal is the answer of strict mode.
func (t tally) refusal() error {
	err := fault.Newf(fault.Invalid, "rejected_events", "%d of %d events are bad, see details; nothing was stored", len(t.details), t.total)
	return httpapi.WithDetails(err, t.details)
}
