package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
)

// header is the first line of an object of facts; each further line is one person.
type header struct {
	Identifiers []event.Identifier `json:"identifiers"`
	Persons     int                `json:"persons"`
}

// PutFacts writes what each person did in a window.
func (a *Archive) PutFacts(ctx context.Context, key string, d kpi.Day) error {
	all := make([]any, 0, len(d.Persons)+1)
	all = append(all, header{d.Identifiers, len(d.Persons)})
	for _, person := range d.Persons {
		all = append(all, person)
	}
	body, err := encode(a.lines, all)
	if err != nil {
		return fmt.Errorf("encode facts %s: %w", key, err)
	}
	return a.objects.Put(ctx, key, contentType, body)
}

// Facts reads an object of facts whole; fault.NotFound when there is none.
func (a *Archive) Facts(ctx context.Context, key string) (kpi.Day, error) {
	var d kpi.Day
	head, err := a.walk(ctx, key, func(f kpi.Facts) bool {
		d.Persons = append(d.Persons, f)
		return true
	})
	d.Identifiers = head.Identifiers
	return d, err
}

// Persons reads an object of facts person by person, in the order in which they were written, for kpi.MergeFacts. Whoever has come to the end
// of the sequence asks failed whether it was the end of the object: after an error the sequence is short.
func (a *Archive) Persons(ctx context.Context, key string) (persons iter.Seq[kpi.Facts], failed func() error) {
	var problem error
	persons = func(yield func(kpi.Facts) bool) {
		_, problem = a.walk(ctx, key, yield)
	}
	return persons, func() error { return problem }
}

// walk reads an object of facts until yield has enough.
func (a *Archive) walk(ctx context.Context, key string, yield func(kpi.Facts) bool) (header, error) {
	var head header
	object, err := a.objects.Open(ctx, key)
	if err != nil {
		return head, err
	}
	defer object.Close()
	n := -1 // the header
	for line, err := range decode[json.RawMessage](object) {
		if err != nil {
			return head, fmt.Errorf("read facts %s: %w", key, err)
		}
		if n++; n == 0 {
			if err := json.Unmarshal(line, &head); err != nil {
				return head, fmt.Errorf("read header of facts %s: %w", key, err)
			}
			continue
		}
		var f kpi.Facts
		if err := json.Unmarshal(line, &f); err != nil {
			return head, fmt.Errorf("read facts %s of person %d: %w", key, n, err)
		}
		if !yield(f) {
			return head, nil
		}
	}
	if n != head.Persons {
		return head, fmt.Errorf("read facts %s: %d persons, the header says %d", key, n, head.Persons)
	}
	return head, nil
}
