package kpi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
)

// Window is one computed window as it is stored: all its rows, replaced as one.
type Window struct {
	Grain       period.Grain `json:"grain"`
	Key         string       `json:"key"`
	Start       event.Millis `json:"start"`
	End         event.Millis `json:"end"`
	Revision    int64        `json:"revision"`         // raised by every recomputation that changed a row, the model or the definitions; 0 = it never had anything to count
	Silent      int64        `json:"silent,omitempty"` // how often it was replaced by one with the same numbers, of persons known by another name or found again
	ComputedAt  event.Millis `json:"computed_at"`      // of the newest revision
	Model       string       `json:"model"`            // stage model the rows were made under
	Definitions int          `json:"definitions"`
	Facts       string       `json:"facts,omitempty"` // object that holds the persons' facts
	Digest      string       `json:"digest"`          // of rows and facts: equal means that nothing changed
	Rows        []Row        `json:"-"`
}

// Mark says that a window must be computed anew. Marks are never changed: every cause writes its own, and a rollup deletes exactly those that
// it read, so an event which lands while a window is computed marks it again.
type Mark struct {
	Handle      string             `json:"-"` // where the store keeps it
	Grain       period.Grain       `json:"grain"`
	Key         string             `json:"key"`                   // of the window; "" with days: all of the persons named, see OfPersons
	Identifiers []event.Identifier `json:"identifiers,omitempty"` // who may have something to count there (days only)
	NotBefore   event.Millis       `json:"not_before,omitempty"`  // a change that time alone will make, not due before
	Moved       bool               `json:"moved,omitempty"`       // a link joined them: they may have changed from this day on, whatever the day itself shows
}

// OfPersons says that the mark names persons whom a link or a cut may have parted: what was computed of them may be wrong on any day. A rollup marks
// the days instead.
func (m Mark) OfPersons() bool { return m.Grain == period.Day && m.Key == "" }

// Marked counts the windows that marks name: one window may have many.
func Marked(marks []Mark) int {
	type window struct {
		grain period.Grain
		key   string
	}
	distinct := map[window]bool{}
	for _, m := range marks {
		distinct[window{m.Grain, m.Key}] = true
	}
	return len(distinct)
}

// Day is what the store keeps beside the rows of a day, so that larger windows need no archive: who was active, and what each person did.
type Day struct {
	Identifiers []event.Identifier `json:"identifiers"` // that had a touchpoint or a stage change in the window, sorted
	Persons     []Facts            `json:"persons"`     // sorted by person
}

// Sum is the digest of what the day holds: the same facts always have the same.
func (d Day) Sum() string { return digest(d) }

// Sum is the digest of what the window says, whenever and however often it was computed and wherever its facts lie.
func (w Window) Sum() string {
	return digest([]any{w.Start, w.End, w.Model, w.Definitions, FactsSum(w.Facts), w.Rows})
}

// FactsKey names an object of facts by workspace, window, revision and content, so that a rollup which loses a race overwrites nothing and no
// name is used twice.
func FactsKey(ws string, g period.Grain, key string, revision int64, sum string) string {
	return fmt.Sprintf("%s%s/%s/r%d-%s%s", FactsPrefix(ws), g, key, revision, sum, factsEnding)
}

// FactsPrefix is where the facts of a workspace, or of one of its generations, lie.
func FactsPrefix(ws string) string { return "facts/workspace=" + ws + "/" }

const factsEnding = ".ndjson.zst"

// FactsSum is the digest of the content of the facts object of that name; "" of none.
func FactsSum(name string) string {
	return strings.TrimSuffix(name[strings.LastIndexByte(name, '-')+1:], factsEnding)
}

// Stub is a window that was published and is to be computed anew: its revision is known, and none of its numbers.
func (w Window) Stub() Window {
	w.Digest, w.Facts, w.Rows = "", "", nil
	return w
}

// Version is what a conditional write compares: it is raised by every replacement, also by one that changes no number.
func (w Window) Version() int64 { return w.Revision + w.Silent }

// After numbers a computed window as the successor of the stored one, the zero Window if there is none. The revision and the time of computing
// are those of the numbers: a window whose facts alone differ keeps both. differs is false when there is nothing to store.
func (w Window) After(stored Window) (next Window, differs bool) {
	w.Digest = w.Sum()
	if stored.Revision > 0 && stored.Digest == w.Digest {
		return stored, false
	}
	if stored.Revision > 0 && stored.Says(w) {
		w.Revision, w.Silent, w.ComputedAt = stored.Revision, stored.Silent+1, stored.ComputedAt
		return w, true
	}
	w.Revision, w.Silent = stored.Revision+1, stored.Silent
	return w, true
}

// Says whether a reader of either window sees the same.
func (w Window) Says(other Window) bool {
	return w.Start == other.Start && w.End == other.End && w.Model == other.Model && w.Definitions == other.Definitions &&
		slices.EqualFunc(w.Rows, other.Rows, equalRows)
}

func equalRows(a, b Row) bool {
	if a.Denominator != nil && b.Denominator != nil && *a.Denominator == *b.Denominator {
		a.Denominator, b.Denominator = nil, nil
	}
	return a == b
}

// digest is 16 bytes of the SHA-256 of a value's JSON, in hex.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("kpi: windows are made of strings and integers: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// MergeFacts walks several windows' facts, each sorted by person and the windows in time order, and yields each person once with all their
// facts merged. Distinct persons are therefore exact whatever their number, in memory that grows with the number of windows alone.
func MergeFacts(windows []iter.Seq[Facts]) iter.Seq[Facts] {
	return func(yield func(Facts) bool) {
		heads := make([]*head, 0, len(windows))
		for _, w := range windows {
			next, stop := iter.Pull(w)
			defer stop()
			if h := (&head{next: next}); h.advance() {
				heads = append(heads, h)
			}
		}
		for len(heads) > 0 {
			first := slices.MinFunc(heads, func(a, b *head) int { return cmp.Compare(a.facts.Person, b.facts.Person) }).facts.Person
			merged := Facts{Person: first}
			heads = slices.DeleteFunc(heads, func(h *head) bool {
				if h.facts.Person != first {
					return false
				}
				merged = merged.Merge(h.facts)
				return !h.advance()
			})
			if !yield(merged) {
				return
			}
		}
	}
}

type head struct {
	next  func() (Facts, bool)
	facts Facts
}

func (h *head) advance() bool {
	facts, ok := h.next()
	h.facts = facts
	return ok
}
