package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"waymark/shared/domain/burst"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/step"
)

// State is where the settling of a workspace stands: the fence, and what is settled. Every write of it is made on the condition that the
// stored epoch is the one that was read, so of two runs one stops.
type State struct {
	Epoch   int64        `json:"epoch"`             // number of the run that holds the fence
	Until   event.Millis `json:"until,omitempty"`   // runs that come meanwhile leave the workspace to it; 0 = it is free
	Pending string       `json:"pending,omitempty"` // log of the run that is committed and perhaps not wholly applied; "" = none

	Cursor string   `json:"cursor,omitempty"` // records with lower handles are settled
	Tail   []string `json:"tail,omitempty"`   // records with higher ones that are settled too

	Settled     event.Millis `json:"settled,omitempty"`     // when the newest run began that settled all it found
	Zones       []string     `json:"zones,omitempty"`       // clocks that somebody was ever counted in, see Workspace.Clock and Profile.Zone
	Zone        int          `json:"zone,omitempty"`        // of everybody, a place in Zones; -1 = they may differ
	Rules       string       `json:"rules,omitempty"`       // that everybody is counted under, or was before a recount that is under way
	Definitions int          `json:"definitions,omitempty"` // of the measures that everybody is counted in
	Newest      int          `json:"newest,omitempty"`      // version of the definitions of the newest release that has settled; older ones must not
	Recount     string       `json:"recount,omitempty"`     // rules that everybody is being counted anew under; "" = none
	After       string       `json:"after,omitempty"`       // how far that has come

	Alerts []burst.Alert `json:"alerts,omitempty"` // bursts of new persons, the newest last
}

// Lease is how long a run has a workspace to itself before another may overtake it. Numbers do not depend on it.
const Lease = 20 * time.Second

// Take is the state with the fence in the hands of a new run, or of the next slice of one.
func (s State) Take(now event.Millis) State {
	s.Epoch++
	return s.Hold(now)
}

// Hold is the state with the fence in the same hands for another Lease.
func (s State) Hold(now event.Millis) State {
	s.Until = now.Add(Lease)
	return s
}

// In is the state while persons are counted in a zone, and the place of it among the Zones.
func (s State) In(zone string) (State, int) {
	place := slices.Index(s.Zones, zone)
	if place < 0 {
		place, s.Zones = len(s.Zones), append(slices.Clone(s.Zones), zone)
	}
	if place != s.Zone {
		s.Zone = -1
	}
	return s, place
}

// Recounted is the state of a run that counts under some rules. Unless everybody is counted under them, a recount
// begins before the first person is, so that rules which are taken back leave nobody behind.
func (s State) Recounted(rules string) State {
	if isUnderOthers := s.Rules != rules || s.Recount != ""; isUnderOthers && s.Recount != rules {
		s.Recount, s.After = rules, ""
	}
	return s
}

// IsIn says whether everybody who is counted is counted in a zone.
func (s State) IsIn(zone string) bool {
	return len(s.Zones) == 0 || s.Zone >= 0 && s.Zones[s.Zone] == zone
}

// IsBusy says whether a run holds the fence that is not to be overtaken yet.
func (s State) IsBusy(now event.Millis) bool { return s.Until > now }

// IsSettled says whether a record is settled.
func (s State) IsSettled(handle string) bool {
	if handle < s.Cursor {
		return true
	}
	_, found := slices.BinarySearch(s.Tail, handle)
	return found
}

// Slack is how long a record may come under a handle of an earlier time. Whoever writes one acknowledges nothing unless the write is over within
// MaxDelay of that time; the rest is for clocks that differ.
const (
	Slack    = 2 * time.Minute
	MaxDelay = time.Minute
)

// maxTail bounds the list of settled records beyond the cursor. Those that it has no room for are settled again, which changes nothing.
const maxTail = 5000

// Settle notes records that were settled. next is the first that is not, "" when all are. What lies beneath both next and the cursor, which
// follows the clock at a distance, needs no note any more.
func (s State) Settle(handles []string, next string, now event.Millis) State {
	tail := slices.Concat(s.Tail, handles)
	slices.Sort(tail)
	tail = slices.Compact(tail)
	cursor := HandleAt(now.Add(-Slack))
	if next != "" {
		cursor = min(cursor, next)
	}
	s.Cursor = max(s.Cursor, cursor)
	from, _ := slices.BinarySearch(tail, s.Cursor)
	s.Tail = tail[from:min(len(tail), from+maxTail)]
	return s
}

// HandleAt begins the handles of all records that are named at an instant.
func HandleAt(at event.Millis) string {
	const digits = "0123456789"
	var text [15]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = digits[at%10]
		at /= 10
	}
	return string(text[:])
}

// InstantOf is when a handle says that it was named.
func InstantOf(handle string) (event.Millis, error) {
	digits := len(HandleAt(0))
	at, err := strconv.ParseInt(handle[:min(len(handle), digits)], 10, 64)
	if err != nil || len(handle) < digits {
		return 0, fmt.Errorf("read handle %q: it does not begin with a time", handle)
	}
	return event.Millis(at), nil
}

// Batch is the record of one batch that was ingested: whose person may have changed, and the accepted events, which are not in the archive yet.
type Batch struct {
	Handle      string             `json:"-"` // begins with HandleAt of when it was named
	Identifiers []event.Identifier `json:"ids"`
	Events      []event.Record     `json:"events"`
}

// KeepBatches is how long records are kept. A workspace that is not settled for so long loses what they say.
const KeepBatches = 14 * 24 * time.Hour

// Due says that persons are to be looked at, not before an instant: time alone will change something then.
type Due struct {
	Handle      string             `json:"handle"`
	NotBefore   event.Millis       `json:"not_before"`
	Identifiers []event.Identifier `json:"ids"`
}

// Listing says that persons came into a stage, or were seen on a later day in it. A list of persons is made of many: one that names a person who is
// elsewhere by now is passed over.
type Listing struct {
	Stage   string             `json:"stage"` // "" = none
	Day     string             `json:"day"`   // of the person's last step; "" for persons without one
	Persons []event.Identifier `json:"persons"`
}

// Log is what one committed run writes. It is kept until all of it is written; writing it twice is the same as once.
type Log struct {
	Run         int64        `json:"run"`
	At          event.Millis `json:"at"` // when it was made
	Model       string       `json:"model"`
	Definitions int          `json:"definitions"`
	Profiles    []Saved      `json:"profiles"`
	Changes     []Change     `json:"changes"`
	Days        []Day        `json:"days"`
	Dues        []Due        `json:"dues"`
	Done        []string     `json:"done"` // handles of dues that were looked at
	Listings    []Listing    `json:"listings"`
}

// IsEmpty says whether there is nothing to write.
func (l Log) IsEmpty() bool {
	return len(l.Profiles)+len(l.Changes)+len(l.Days)+len(l.Dues)+len(l.Done) == 0
}

// Saved is a profile with what its own JSON leaves out.
type Saved struct {
	ID event.Identifier `json:"id"`
	Profile
}

// Day is the steps of one day that take the place of all earlier ones of these persons on that day.
type Day struct {
	Key     string             `json:"day"`
	Persons []event.Identifier `json:"persons"` // sorted; those without a row have none any more
	Rows    []step.Row         `json:"rows"`    // by person, then time
}

// DayObjects says how many objects hold the steps of a day.
type DayObjects struct {
	Key     string
	Objects int
}

// ErrOvertaken says that another run holds the fence.
func ErrOvertaken(workspace string) error {
	return fault.Newf(fault.Conflict, "overtaken", "another run settles workspace %s now: this one stops", workspace)
}

// Partition is everything that is stored of one identifier: what was ingested, and what was counted.
type Partition struct {
	profile.Partition
	Profile Profile
}
