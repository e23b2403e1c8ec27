package funnel

import (
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

// Bounds are what is asked of a life: persons enter in [Start, End), and nothing is known of what comes from Now on.
type Bounds struct{ Start, End, Now event.Millis }

// Until is the first instant that no attempt of a funnel reaches: steps are read up to it.
func (f *Funnel) Until(in Bounds) event.Millis {
	if f.Within == Period {
		return min(in.End, in.Now)
	}
	return min(in.End+millis(f.Window)+1, in.Now)
}

func millis(d time.Duration) event.Millis { return event.Millis(d / time.Millisecond) }

// State is what came of a person.
type State int

// The states. Outside has not entered.
const (
	Outside State = iota
	Converted
	Open
	Lost
)

// Outcome is how far a person got. Indices are those of the steps of the life.
type Outcome struct {
	State State
	Entry int // where the attempt begins that the person counts by
	// Reached are the steps of the life that satisfied required steps, in the order of the funnel, of Unordered in the order of time; at least one.
	Reached []int
	// Optional are the optional steps of the funnel that were done in the attempt.
	Optional   []int
	IsExcluded bool         // the attempt of a lost person ended at something excluded
	Closes     event.Millis // of Open: the last instant at which the person may still convert
	IsDecided  bool         // the windows of all attempts are over, so that time changes nothing
}

// hit is a step of a life that a funnel sees.
type hit struct {
	row     int
	at      event.Millis
	steps   uint32 // that it satisfies
	ends    uint32 // exclusions that it satisfies
	session int
	isEntry bool
	isQuiet bool // time alone made it: it comes between no two touchpoints
}

// Of follows a person through a funnel.
func (f *Funnel) Of(life []step.Row, in Bounds) Outcome {
	hits := f.hits(life, in)
	if f.Within != Session {
		return f.of(hits, in)
	}
	var out Outcome
	sessions := map[int][]hit{}
	var order []int
	for _, h := range hits {
		if sessions[h.session] == nil {
			order = append(order, h.session)
		}
		sessions[h.session] = append(sessions[h.session], h)
	}
	for _, session := range order {
		out = out.better(f.of(sessions[session], in))
	}
	return out
}

// better puts what a person did in another session to what they did before.
func (o Outcome) better(other Outcome) Outcome {
	switch {
	case other.State == Outside:
		return o
	case o.State == Outside:
		return other
	}
	best := o
	if len(other.Reached) > len(o.Reached) || len(other.Reached) == len(o.Reached) && other.Entry < o.Entry {
		best = other
	}
	best.Closes, best.IsDecided = max(o.Closes, other.Closes), o.IsDecided && other.IsDecided
	best.State = Lost
	for _, state := range []State{Open, Converted} {
		if o.State == state || other.State == state {
			best.State = state
		}
	}
	return best
}

// hits finds the steps of a life that matter.
func (f *Funnel) hits(life []step.Row, in Bounds) []hit {
	var hits []hit
	enters, until, collapsed, isAny := f.entering(), f.Until(in), "", false
	for i := range life {
		r := &life[i]
		if r.At >= until {
			break
		}
		if r.At < in.Start || !f.sees(r) {
			continue
		}
		if !f.Collapse.IsZero() {
			value := f.Collapse.Of(r)
			if isRepeat := isAny && value == collapsed; isRepeat {
				continue
			}
			collapsed, isAny = value, true
		}
		h := hit{row: i, at: r.At, session: r.Session, isQuiet: !r.IsTouchpoint() && f.Among == Touchpoints}
		for s := range f.steps {
			if f.steps[s].Holds(r) {
				h.steps |= 1 << s
			}
		}
		for e := range f.excluded {
			if f.excluded[e].Holds(r) {
				h.ends |= 1 << e
			}
		}
		if h.steps|h.ends == 0 && (f.Order != Strict || h.isQuiet) {
			continue
		}
		h.isEntry = h.steps&enters != 0 && r.At < in.End
		if h.isEntry && f.Entry == First {
			enters = 0
		}
		hits = append(hits, h)
	}
	return hits
}

// entering are the steps by which persons enter.
func (f *Funnel) entering() uint32 {
	if f.Order != Unordered {
		return 1
	}
	var out uint32
	for _, s := range f.required {
		out |= 1 << s
	}
	return out
}

func (f *Funnel) sees(r *step.Row) bool {
	if f.Within == Session && !r.IsActivity() {
		return false
	}
	switch f.Among {
	case Activities:
		return r.IsActivity()
	case Pages:
		return r.IsPageView()
	case Stages:
		return r.EntersStage()
	}
	return true
}

// limit is the last instant of an attempt.
func (f *Funnel) limit(entry event.Millis, in Bounds) event.Millis {
	limit := entry + millis(f.Window)
	if f.Within == Period {
		limit = min(limit, in.End-1)
	}
	return limit
}

// of follows hits, and settles what they come to.
func (f *Funnel) of(hits []hit, in Bounds) Outcome {
	last := slices.IndexFunc(hits, func(h hit) bool { return h.isEntry })
	if last < 0 {
		return Outcome{}
	}
	var out Outcome
	var closes event.Millis
	switch f.Order {
	case Strict:
		out, closes = f.strict(hits, in)
	case Unordered:
		out, closes = f.unordered(hits, in)
	default:
		out, closes = f.ordered(hits, in)
	}
	for i, h := range hits {
		if h.isEntry {
			last = i
		}
	}
	out.IsDecided = f.limit(hits[last].at, in) < in.Now
	switch {
	case len(out.Reached) == len(f.required):
		out.State = Converted
	case closes >= in.Now:
		out.State, out.Closes = Open, closes
	default:
		out.State = Lost
	}
	if out.State != Lost {
		out.IsExcluded = false
	}
	return out
}

// requires gives the bit of the required step that comes after some.
func (f *Funnel) requires(done int) uint32 { return 1 << f.required[done] }

const never = event.Millis(1<<63 - 1)

// ordered goes through a life three times, each as long as hits and steps: how far anybody's attempt gets, which is the first that gets there, and its
// steps. closes is when the last attempt ends that may still convert, 0 without one.
func (f *Funnel) ordered(hits []hit, in Bounds) (out Outcome, closes event.Millis) {
	furthest, closes := f.furthest(hits, in)
	first := f.first(hits, furthest, in)
	chain := f.chain(hits[first:], furthest, in)
	for i := range chain {
		chain[i] += first
	}
	limit := f.limit(hits[first].at, in)
	out.Entry = hits[first].row
	out.Optional = f.optional(hits, chain, limit)
	for _, at := range chain {
		out.Reached = append(out.Reached, hits[at].row)
	}
	for _, h := range hits[chain[len(chain)-1]+1:] {
		if h.at <= limit && h.ends&f.active[furthest] != 0 {
			out.IsExcluded = true
			break
		}
	}
	return out, closes
}

// furthest gives the most required steps that any attempt has, at least 1.
func (f *Funnel) furthest(hits []hit, in Bounds) (furthest int, closes event.Millis) {
	// Of each number of steps done, the latest entry of an attempt that stands there; its window is the last to end.
	n := len(f.required)
	latest, next := make([]event.Millis, n+1), make([]event.Millis, n+1)
	for i := range latest {
		latest[i] = -1
	}
	for _, h := range hits {
		for i := range next {
			next[i] = -1
		}
		if h.isEntry {
			next[1], furthest = h.at, max(furthest, 1)
		}
		for done := 1; done < n; done++ {
			if h.steps&f.requires(done) == 0 {
				continue
			}
			from := latest[done]
			if f.Overlap {
				from = max(from, next[done])
			}
			if from >= 0 && h.at <= f.limit(from, in) {
				next[done+1], furthest = max(next[done+1], from), max(furthest, done+1)
			}
		}
		for done := range latest {
			if h.ends&f.active[done] != 0 {
				latest[done] = -1
			}
			latest[done] = max(latest[done], next[done])
		}
	}
	for done := 1; done < n; done++ {
		if latest[done] >= 0 {
			closes = max(closes, f.limit(latest[done], in))
		}
	}
	return furthest, closes
}

// first gives the first entry whose attempt has so many steps.
func (f *Funnel) first(hits []hit, furthest int, in Bounds) (first int) {
	// Of each number of steps done, when an attempt that stands there would have them all.
	soonest := make([]event.Millis, furthest+1)
	for i := range soonest {
		soonest[i] = never
	}
	soonest[furthest] = -1 // then, whenever that is
	advanced := make([]event.Millis, furthest+1)
	when := func(t, at event.Millis) event.Millis {
		if t == -1 {
			return at
		}
		return t
	}
	for i, h := range slices.Backward(hits) {
		for done := furthest - 1; done >= 1; done-- {
			advanced[done] = never
			if h.steps&f.requires(done) != 0 {
				advanced[done] = when(soonest[done+1], h.at)
				if f.Overlap && done+1 < furthest {
					advanced[done] = min(advanced[done], advanced[done+1])
				}
			}
		}
		if h.isEntry {
			all := when(soonest[1], h.at)
			if f.Overlap && furthest > 1 {
				all = min(all, advanced[1])
			}
			if all <= f.limit(h.at, in) {
				first = i
			}
		}
		for done := 1; done < furthest; done++ {
			if h.ends&f.active[done] != 0 {
				soonest[done] = never
			}
			soonest[done] = min(soonest[done], advanced[done])
		}
	}
	return first
}

// chain gives the steps of an attempt that begins at the first hit: that which has so many steps first, and of each step the earliest that leads to
// the next.
func (f *Funnel) chain(hits []hit, furthest int, in Bounds) []int {
	chains := make([][]int, furthest+1)
	chains[1] = []int{0}
	for at, h := range hits {
		if len(chains[furthest]) > 0 {
			break
		}
		next := make([][]int, furthest+1)
		if at == 0 {
			next[1], chains[1] = chains[1], nil
		}
		for done := 1; done < furthest; done++ {
			if h.steps&f.requires(done) == 0 {
				continue
			}
			if from := chains[done]; from != nil {
				next[done+1] = append(slices.Clone(from), at)
			} else if f.Overlap && next[done] != nil {
				next[done+1] = append(slices.Clone(next[done]), at)
			}
		}
		for done := 1; done <= furthest; done++ {
			if h.ends&f.active[done] != 0 {
				chains[done] = nil
			}
			if chains[done] == nil {
				chains[done] = next[done]
			}
		}
	}
	return chains[furthest]
}

// optional gives the optional steps that were done between the required ones, and after the last one within the window: each step of the life that
// satisfies some is the first of these after the last one that was done.
func (f *Funnel) optional(hits []hit, chain []int, limit event.Millis) (done []int) {
	for i, at := range chain {
		from, to := f.required[i]+1, len(f.steps)
		if i+1 < len(f.required) {
			to = f.required[i+1]
		}
		end := len(hits)
		if i+1 < len(chain) {
			end = chain[i+1]
		}
		for k := at + 1; k < end && from < to && hits[k].at <= limit; k++ {
			for s := from; s < to; s++ {
				if hits[k].steps&(1<<s) != 0 {
					done, from = append(done, s), s+1
					break
				}
			}
		}
	}
	return done
}
