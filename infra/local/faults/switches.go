package faults

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// LongestDelay is the most that a late invocation waits.
const LongestDelay = time.Second

// Switches turn faults on and off and count what happened. They can be used by several goroutines.
type Switches struct {
	mu      sync.Mutex
	plan    Plan
	streams map[string]*Stream
	counts  map[string]map[Kind]int // by function
}

// New returns switches that are set as planned. A plan without a seed gets one.
func New(plan Plan) *Switches {
	return &Switches{plan: plan.seeded(), streams: map[string]*Stream{}, counts: map[string]map[Kind]int{}}
}

// Set changes the rates. Chance goes on where it is, unless the plan names a seed: then it begins anew. Counts stay.
func (s *Switches) Set(plan Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !plan.Seeded {
		plan.Seed, plan.Seeded = s.plan.Seed, true
		s.plan = plan
		return
	}
	s.plan = plan
	for _, stream := range s.streams {
		stream.chance = stream.begin(plan.Seed)
	}
}

// Report is what is switched on and what has happened so far, by function and kind.
type Report struct {
	Seed   uint64                  `json:"seed"`   // where chance began, chosen or not
	Faults string                  `json:"faults"` // as Parse reads it
	Counts map[string]map[Kind]int `json:"counts"`
}

// Report tells the present state.
func (s *Switches) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := Report{Seed: s.plan.Seed, Faults: s.plan.String(), Counts: map[string]map[Kind]int{}}
	for function, counts := range s.counts {
		report.Counts[function] = maps.Clone(counts)
	}
	return report
}

// String is one line for a terminal, such as "Process: 203 crash, 80 duplicate · Collect: 9 crash"; empty if nothing happened.
func (r Report) String() string {
	var functions []string
	for _, function := range slices.Sorted(maps.Keys(r.Counts)) {
		var counts []string
		for _, kind := range slices.Insert(slices.Clone(kinds), 1, LateCrash) {
			if n := r.Counts[function][kind]; n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n, kind))
			}
		}
		functions = append(functions, function+": "+strings.Join(counts, ", "))
	}
	return strings.Join(functions, " · ")
}

// Stream is the luck of one function in one respect. What its n-th call of Next says depends on the seed, the rates, its
// names and n alone, so that other functions, and other respects of the same one, do not disturb it.
type Stream struct {
	switches *Switches
	function string
	respect  string
	chance   *rand.Rand
}

// For returns the stream of a function in a respect, such as "invocation" or "batch"; the same each time.
func (s *Switches) For(function, respect string) *Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := function + " " + respect
	if s.streams[key] == nil {
		stream := &Stream{switches: s, function: function, respect: respect}
		stream.chance = stream.begin(s.plan.Seed)
		s.streams[key] = stream
	}
	return s.streams[key]
}

func (s *Stream) begin(seed uint64) *rand.Rand {
	name := fnv.New64a()
	fmt.Fprintf(name, "%s %s", s.function, s.respect)
	return rand.New(rand.NewPCG(seed, name.Sum64()))
}

// Luck is what happens to one invocation or batch.
type Luck struct {
	strikes map[Kind]bool
	Chance  *rand.Rand // for the details: when, how long, which; nil for a nil stream
}

// Has says whether a kind strikes.
func (l Luck) Has(kind Kind) bool { return l.strikes[kind] }

// Next asks for the luck of the next invocation or batch. A nil stream never has bad luck.
func (s *Stream) Next() Luck {
	if s == nil {
		return Luck{}
	}
	s.switches.mu.Lock()
	defer s.switches.mu.Unlock()
	luck := Luck{strikes: map[Kind]bool{}}
	for _, kind := range kinds {
		// Below 1 always, so that 100 % strikes each time; 0 is not below 0.
		if s.chance.Float64() < s.switches.plan.rate(s.function, kind) {
			luck.strikes[kind] = true
		}
	}
	luck.Chance = rand.New(rand.NewPCG(s.chance.Uint64(), s.chance.Uint64()))
	return luck
}

// Happened counts a fault that was really done: not every one that strikes can be, because an invocation may end before its
// process is killed, and an answer that is to be ignored may never come.
func (s *Stream) Happened(kind Kind) {
	s.switches.mu.Lock()
	defer s.switches.mu.Unlock()
	counts := s.switches.counts[s.function]
	if counts == nil {
		counts = map[Kind]int{}
		s.switches.counts[s.function] = counts
	}
	counts[kind]++
}
