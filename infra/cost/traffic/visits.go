package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Request is one request of a client.
type Request struct {
	At      time.Time
	Path    string
	Body    []byte
	Events  int // that it brings, 0 for one that was sent before
	Counted int // of these, the ones that count as touchpoints in KPIs
}

// The seeds do not depend on the profile: those that differ only in how they are delivered are the same traffic.
// They are the ones of the first few hundred whose means, of visits and requests, are nearest to what the profiles
// say.
const (
	daySeed    = 96
	momentSeed = 380
)

// Day is the part of a day, from its start, in which a site of this profile gets so many touchpoints: all of the day
// if they are as many as the profile has. end is when the part ends.
func (p Profile) Day(start time.Time, touchpoints int) (requests []Request, end time.Time) {
	g := newGenerator(p, daySeed, "d", start)
	g.earliest = start
	actions := g.actions(touchpoints)
	g.span = time.Duration(float64(24*time.Hour) * float64(touchpoints) / float64(p.PerDay))
	return g.requests(actions), start.Add(g.span)
}

// Moment is a moment of a busy site of this profile, in which so many touchpoints come.
func (p Profile) Moment(start time.Time, touchpoints int) []Request {
	g := newGenerator(p, momentSeed, "m", start)
	actions := g.actions(touchpoints)
	g.span = time.Duration(float64(time.Second) * float64(countRequests(actions)) / p.BusyPerSecond)
	return g.requests(actions)
}

// generator makes the traffic of one span. The span is a circle: what a visitor does after its end is done at its
// beginning, by then by somebody who looks new. So the rate is steady from the first second on, and no visit is cut
// short.
type generator struct {
	Profile
	rand   *rand.Rand
	prefix string // of every id, so that two parts of one measurement share nobody
	start  time.Time
	span   time.Duration
	// earliest time of an event; zero for none. Of a request that is sent just after the circle's beginning, the
	// first events are from before it.
	earliest time.Time

	visitors []visitor // who was there, in order
	users    int
	events   int
}

// visitor is a browser.
type visitor struct {
	anonymous string
	user      string // once it has told
}

// action is one event of a visit, before it is known when the visit begins.
type action struct {
	visit    int           // in order
	after    time.Duration // since the visit's beginning
	sends    bool          // the browser sends what it has
	user     string
	visitor  string
	kind     kind
	number   int // of all events
	campaign int // where the visit came from
}

func newGenerator(p Profile, seed uint64, prefix string, start time.Time) *generator {
	return &generator{Profile: p, rand: rand.New(rand.NewPCG(seed, 0)), prefix: prefix, start: start}
}

// actions makes visits until there are so many events.
func (g *generator) actions(touchpoints int) []action {
	var all []action
	next := g.visit
	if g.ServerUsers > 0 {
		next = g.batch
	}
	for visit := 0; len(all) < touchpoints; visit++ {
		one := next(visit)
		one = one[:min(len(one), touchpoints-len(all))]
		one[len(one)-1].sends = true
		all = append(all, one...)
	}
	return all
}

// visit is what one visitor does: a geometric number of events, of which each but the last is sent at once or kept
// for the next, by a chance that makes requests as large as the profile says.
func (g *generator) visit(number int) []action {
	n := 1
	if g.EventsPerVisit > 1 {
		n += int(math.Log(1-g.rand.Float64()) / math.Log(1-1/g.EventsPerVisit))
	}
	sends := 1.0
	if g.EventsPerVisit > 1 {
		sends = (g.EventsPerVisit/g.EventsPerRequest - 1) / (g.EventsPerVisit - 1)
	}
	who := g.visitor()
	identifies, orders := -1, g.happens(g.Orders)
	if g.happens(g.Identify) {
		identifies = g.rand.IntN(n)
	}
	campaign := g.rand.IntN(len(campaigns))
	var all []action
	at := time.Duration(0)
	for i := range n {
		a := action{visit: number, after: at, visitor: g.visitors[who].anonymous, campaign: campaign, kind: browse(i)}
		switch {
		case i == identifies:
			if g.visitors[who].user == "" {
				g.users++
				g.visitors[who].user = fmt.Sprintf("%s%06d", g.prefix, g.users)
			}
			a.kind = identify
		case orders && i == n-1:
			a.kind = order
		}
		a.user = g.visitors[who].user
		a.sends = g.rand.Float64() < sends
		g.events++
		a.number = g.events
		all = append(all, a)
		at += g.pause()
	}
	return all
}

// visitor is somebody new, or somebody who was there before.
func (g *generator) visitor() int {
	if len(g.visitors) > 0 && !g.happens(g.NewVisitors) {
		return g.rand.IntN(len(g.visitors))
	}
	g.visitors = append(g.visitors, visitor{anonymous: fmt.Sprintf("%08x-%04x-4%03x-8%03x-%s%011x",
		g.rand.Uint32(), g.rand.IntN(1<<16), g.rand.IntN(1<<12), g.rand.IntN(1<<12), g.prefix, g.rand.Int64N(1<<44))})
	return len(g.visitors) - 1
}

func (g *generator) happens(percent float64) bool { return g.rand.Float64()*100 < percent }

func (g *generator) pause() time.Duration {
	mean := g.PauseSeconds[g.rand.IntN(2)]
	return time.Duration(mean * g.rand.ExpFloat64() * float64(time.Second)).Truncate(time.Millisecond)
}

// batch is what a server sends at once: events of the last second.
func (g *generator) batch(number int) []action {
	var all []action
	n := int(g.EventsPerRequest)
	for i := range n {
		a := action{
			visit: number, after: time.Duration(i) * time.Second / time.Duration(n), kind: feature,
			user: fmt.Sprintf("%s%06d", g.prefix, g.rand.IntN(g.ServerUsers)),
		}
		if g.happens(g.Orders) {
			a.kind = order
		}
		g.events++
		a.number = g.events
		all = append(all, a)
	}
	return all
}

func countRequests(actions []action) int {
	n := 0
	for _, a := range actions {
		if a.sends {
			n++
		}
	}
	return n
}

// requests gives the visits their beginnings, writes what is sent, and sorts it by time.
func (g *generator) requests(actions []action) []Request {
	begins := make([]time.Duration, 0, len(actions))
	for range actions[len(actions)-1].visit + 1 {
		begins = append(begins, time.Duration(g.rand.Int64N(int64(g.span))).Truncate(time.Millisecond))
	}
	slices.Sort(begins) // so that who comes back was there before
	var all []Request
	first := 0
	for i, a := range actions {
		if !a.sends {
			continue
		}
		at := g.start.Add((begins[a.visit] + a.after) % g.span)
		r := g.request(actions[first:i+1], at)
		all, first = append(all, r), i+1
		if g.happens(g.Retries) {
			r.At, r.Events, r.Counted = r.At.Add(time.Duration(1+g.rand.IntN(4))*time.Second), 0, 0
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b Request) int { return a.At.Compare(b.At) })
	return all
}

// request writes what a client sends: one event under the route of its type where the profile has single ones, a
// batch otherwise.
func (g *generator) request(gathered []action, at time.Time) Request {
	r := Request{At: at, Path: "/v1/batch", Events: len(gathered)}
	var events []event
	for _, a := range gathered {
		then := at.Add(a.after - gathered[len(gathered)-1].after)
		if then.Before(g.earliest) {
			then = g.earliest
		}
		events = append(events, g.event(a, then))
		if a.kind != identify {
			r.Counted++
		}
	}
	sent := at.Format(timeFormat)
	body := event{"batch": events, "sentAt": sent}
	if g.EventsPerRequest == 1 {
		body = events[0]
		body["sentAt"] = sent
		r.Path = "/v1/" + fmt.Sprint(body["type"])
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // browsers do not
	if err := encoder.Encode(body); err != nil {
		panic(err) // texts and numbers always encode
	}
	r.Body = bytes.TrimSpace(encoded.Bytes())
	return r
}
