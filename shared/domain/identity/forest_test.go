package identity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// link is proven at a time by an event of a server that is named after it.
func link(child, parent event.Identifier, at event.Millis) identity.Link {
	return linkBy(event.Server, child, parent, at)
}

func linkBy(grade event.Grade, child, parent event.Identifier, at event.Millis) identity.Link {
	return identity.Link{Child: child, Parent: parent, Evidence: identity.Evidence{Grade: grade, At: at, Event: event.ID(fmt.Sprint("m", at)), Source: "web"}}
}

func TestPersons(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		links []identity.Link
		want  map[event.Identifier][]event.Identifier // asked for → the person's identifiers, the root first
	}{
		{
			"nothing is linked", nil,
			map[event.Identifier][]event.Identifier{"anon:a": {"anon:a"}},
		},
		{
			"members come by evidence",
			[]identity.Link{link("anon:b", "user:1", 2), link("anon:a", "user:1", 3), link("email:e", "user:1", 1)},
			map[event.Identifier][]event.Identifier{"anon:a": {"user:1", "email:e", "anon:b", "anon:a"}},
		},
		{
			"a shared device belongs to its first user",
			[]identity.Link{link("device:d", "user:1", 1), link("device:d", "user:2", 2)},
			map[event.Identifier][]event.Identifier{"device:d": {"user:1", "device:d"}, "user:1": {"user:1", "device:d"}, "user:2": {"user:2"}},
		},
		{
			"an earlier link that comes late moves the child",
			[]identity.Link{link("device:d", "user:1", 5), link("device:d", "user:2", 4)},
			map[event.Identifier][]event.Identifier{"device:d": {"user:2", "device:d"}, "user:1": {"user:1"}},
		},
		{
			"equal times are told apart by the event",
			[]identity.Link{
				{Child: "anon:a", Parent: "user:1", Evidence: identity.Evidence{At: 1, Event: "m2"}}, {Child: "anon:a", Parent: "user:2", Evidence: identity.Evidence{At: 1, Event: "m1"}},
			},
			map[event.Identifier][]event.Identifier{"anon:a": {"user:2", "anon:a"}},
		},
		{
			"a mailbox that two users give does not join them",
			[]identity.Link{link("email:e", "user:1", 1), link("email:e", "user:2", 2), link("anon:a", "user:2", 2)},
			map[event.Identifier][]event.Identifier{"user:1": {"user:1", "email:e"}, "user:2": {"user:2", "anon:a"}},
		},
		{
			"a chain over four ranks",
			[]identity.Link{link("anon:a", "device:d", 1), link("device:d", "email:e", 2), link("email:e", "user:1", 3)},
			map[event.Identifier][]event.Identifier{"anon:a": {"user:1", "email:e", "device:d", "anon:a"}, "device:d": {"user:1", "email:e", "device:d", "anon:a"}},
		},
		{
			"an alias chain",
			[]identity.Link{link("user:1", "user:2", 1), link("user:2", "user:3", 2), link("anon:a", "user:1", 0)},
			map[event.Identifier][]event.Identifier{"anon:a": {"user:3", "user:2", "user:1", "anon:a"}, "user:3": {"user:3", "user:2", "user:1", "anon:a"}},
		},
		{
			"the better grade comes before the earlier time",
			[]identity.Link{linkBy(event.Public, "email:e", "user:1", 1), linkBy(event.Signed, "email:e", "user:2", 2), linkBy(event.Server, "email:e", "user:3", 3)},
			map[event.Identifier][]event.Identifier{"email:e": {"user:3", "email:e"}, "user:2": {"user:2"}},
		},
		{
			"of one grade, whoever was first keeps it",
			[]identity.Link{linkBy(event.Public, "email:e", "user:1", 1), linkBy(event.Public, "email:e", "user:2", 2)},
			map[event.Identifier][]event.Identifier{"email:e": {"user:1", "email:e"}, "user:2": {"user:2"}},
		},
		{
			"none but a server links two users",
			[]identity.Link{linkBy(event.Public, "user:1", "user:2", 1), linkBy(event.Signed, "user:3", "user:2", 1)},
			map[event.Identifier][]event.Identifier{"user:1": {"user:1"}, "user:2": {"user:2"}, "user:3": {"user:3"}},
		},
		{
			"a link downwards is none",
			[]identity.Link{link("user:1", "anon:a", 1), link("user:1", "email:e", 1), link("user:1", "user:1", 1)},
			map[event.Identifier][]event.Identifier{"user:1": {"user:1"}, "anon:a": {"anon:a"}, "email:e": {"email:e"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for asked, want := range c.want {
				p, _, _ := newGraph(c.links).person(asked)
				if !slices.Equal(p.IDs(), want) || p.Root != want[0] || p.Members[0].Link != nil {
					t.Errorf("person of %s is %v with root %s, want %v", asked, p.IDs(), p.Root, want)
				}
			}
		})
	}
}

// A → B → C → A: the link with the latest evidence closes the circle and is passed over, in whatever order the three are made and proven.
func TestAliasCircle(t *testing.T) {
	t.Parallel()
	ends := [3][2]event.Identifier{{"user:a", "user:b"}, {"user:b", "user:c"}, {"user:c", "user:a"}}
	orders := [][3]event.Millis{{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}}
	for _, times := range orders {
		for _, stored := range orders {
			links := make([]identity.Link, 3)
			last := 0
			for i := range 3 {
				links[stored[i]-1] = link(ends[i][0], ends[i][1], times[i])
				if times[i] == 3 {
					last = i
				}
			}
			root := ends[last][0] // the child of the link passed over keeps no parent
			for _, start := range []event.Identifier{"user:a", "user:b", "user:c"} {
				p, _, _ := newGraph(links).person(start)
				if p.Root != root || len(p.Members) != 3 {
					t.Errorf("times %v, stored %v: person of %s is %v, want root %s and three members", times, stored, start, p.IDs(), root)
				}
			}
		}
	}
}

// The 1,001st child by evidence stays apart, whoever asks and in whatever order the links came.
func TestCapOfChildren(t *testing.T) {
	t.Parallel()
	var links []identity.Link
	for i := range identity.MaxChildren + 2 {
		links = append(links, link(event.Identifier(fmt.Sprintf("anon:%04d", i)), "user:1", event.Millis(i)))
	}
	links = append(links, link("anon:1001", "user:2", 5000)) // has another parent to go to
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
		g := newGraph(links)
		for _, c := range []struct {
			start, root event.Identifier
			members     int
		}{
			{"user:1", "user:1", identity.MaxChildren + 1},
			{"anon:0000", "user:1", identity.MaxChildren + 1},
			{"anon:0999", "user:1", identity.MaxChildren + 1},
			{"anon:1000", "anon:1000", 1},
			{"anon:1001", "user:2", 2},
		} {
			p, _, _ := g.person(c.start)
			if p.Root != c.root || len(p.Members) != c.members {
				t.Errorf("person of %s has root %s and %d members, want %s and %d", c.start, p.Root, len(p.Members), c.root, c.members)
			}
		}
	}
	// One more link, with earlier evidence than all: the newcomer takes the first place, the thousandth child falls out.
	g := newGraph(append(links, link("anon:late", "user:1", -1)))
	for start, root := range map[event.Identifier]event.Identifier{"anon:late": "user:1", "anon:0998": "user:1", "anon:0999": "anon:0999"} {
		if p, _, _ := g.person(start); p.Root != root {
			t.Errorf("after an earlier link the root of %s is %s, want %s", start, p.Root, root)
		}
	}
}

// An alias beyond the cap of the new name is passed over from either side.
func TestCapOfAliases(t *testing.T) {
	t.Parallel()
	links := []identity.Link{link("user:old", "user:new", 9000), link("anon:x", "user:old", 1)}
	for i := range identity.MaxChildren {
		links = append(links, link(event.Identifier(fmt.Sprintf("anon:%04d", i)), "user:new", event.Millis(i)))
	}
	g := newGraph(links)
	for start, want := range map[event.Identifier]event.Identifier{"user:old": "user:old", "anon:x": "user:old", "user:new": "user:new", "anon:0001": "user:new"} {
		if p, _, _ := g.person(start); p.Root != want {
			t.Errorf("root of %s is %s, want %s", start, p.Root, want)
		}
	}
}

// Asking costs few rounds and loads little more than the person, however large the neighbours are.
func TestNeedsAreBounded(t *testing.T) {
	t.Parallel()
	shared := []identity.Link{}
	for u := range 5 {
		user := event.Identifier(fmt.Sprint("user:", u))
		shared = append(shared, link("device:d", user, event.Millis(u)))
		for i := range 20 {
			shared = append(shared, link(event.Identifier(fmt.Sprintf("anon:%d-%d", u, i)), user, event.Millis(100+i)))
		}
	}
	var crowd []identity.Link
	for i := range 10_000 {
		crowd = append(crowd, link(event.Identifier(fmt.Sprintf("anon:%05d", i)), "user:1", event.Millis(i)))
	}
	var chain []identity.Link
	for i := range 50 {
		chain = append(chain, link(event.Identifier(fmt.Sprint("user:", i)), event.Identifier(fmt.Sprint("user:", i+1)), event.Millis(i)))
	}
	for _, c := range []struct {
		name                   string
		links                  []identity.Link
		start                  event.Identifier
		members, rounds, loads int // loads at most
	}{
		{"a device of five users: the device", shared, "device:d", 22, 3, 22},
		{"a device of five users: the first user", shared, "user:0", 22, 2, 22},
		{"a device of five users: the third user", shared, "user:2", 21, 3, 21 + 1 + 1},
		{"10,000 anonymous ids: the user", crowd, "user:1", 1001, 2, 1001},
		{"10,000 anonymous ids: one of the first", crowd, "anon:00007", 1001, 3, 1001},
		{"10,000 anonymous ids: one beyond the cap", crowd, "anon:05000", 1, 2, 2},
		{"an alias chain of 51: its end", chain, "user:50", 51, 51, 51},
		{"an alias chain of 51: its middle", chain, "user:25", 51, 26, 51},
		{"somebody alone", nil, "anon:a", 1, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, rounds, loads := newGraph(c.links).person(c.start)
			t.Logf("%d rounds, %d nodes", rounds, loads)
			if len(p.Members) != c.members || rounds > c.rounds || loads > c.loads {
				t.Errorf("got %d members in %d rounds with %d nodes, want %d in at most %d with at most %d", len(p.Members), rounds, loads, c.members, c.rounds, c.loads)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	proof := identity.Evidence{Grade: event.Server, At: 7, Event: "m", Source: "web", Received: 50}
	public, signed := proof, proof
	public.Grade, public.At = event.Public, 50 // whoever has a public key can state any time
	signed.Grade, signed.At = event.Signed, 50
	for _, c := range []struct {
		name   string
		grade  event.Grade // and of a signed one, whether the address is proven too
		vouch  bool
		record event.Record
		want   []identity.Link
	}{
		{
			"of a site", event.Public, false,
			event.Record{Identifiers: []event.Identifier{"user:1", "email:e", "anon:a"}},
			[]identity.Link{{Child: "email:e", Parent: "user:1", Evidence: public}, {Child: "anon:a", Parent: "user:1", Evidence: public}},
		},
		{
			"who is signed in proves nothing of an address", event.Signed, false,
			event.Record{Identifiers: []event.Identifier{"user:1", "email:e", "anon:a"}},
			[]identity.Link{{Child: "email:e", Parent: "user:1", Evidence: public}, {Child: "anon:a", Parent: "user:1", Evidence: public}},
		},
		{
			"unless it is proven too", event.Signed, true,
			event.Record{Identifiers: []event.Identifier{"user:1", "email:e", "anon:a"}},
			[]identity.Link{{Child: "email:e", Parent: "user:1", Evidence: signed}, {Child: "anon:a", Parent: "user:1", Evidence: public}},
		},
		{
			"a site joins no users", event.Signed, true,
			event.Record{Type: event.Alias, Identifiers: []event.Identifier{"user:2"}, Previous: []event.Identifier{"user:1", "anon:1"}},
			[]identity.Link{{Child: "anon:1", Parent: "user:2", Evidence: public}},
		},
		{"one identifier proves nothing", event.Server, false, event.Record{Identifiers: []event.Identifier{"anon:a"}}, nil},
		{
			"all lower ones belong to the highest", event.Server, false,
			event.Record{Identifiers: []event.Identifier{"user:1", "email:e", "anon:a"}},
			[]identity.Link{{Child: "email:e", Parent: "user:1", Evidence: proof}, {Child: "anon:a", Parent: "user:1", Evidence: proof}},
		},
		{
			"an alias gives up a name", event.Server, false,
			event.Record{Type: event.Alias, Identifiers: []event.Identifier{"user:2"}, Previous: []event.Identifier{"user:1"}},
			[]identity.Link{{Child: "user:1", Parent: "user:2", Evidence: proof}},
		},
		{
			"an alias to the same name is none", event.Server, false, event.Record{Type: event.Alias, Identifiers: []event.Identifier{"user:1"}, Previous: []event.Identifier{"user:1"}}, nil,
		},
		{
			"an alias of somebody without a user id is none", event.Server, false, event.Record{Type: event.Alias, Identifiers: []event.Identifier{"anon:a"}, Previous: []event.Identifier{"user:1"}}, nil,
		},
		{
			"a previous anonymous id is linked once", event.Server, false,
			event.Record{Type: event.Alias, Identifiers: []event.Identifier{"user:1", "anon:a"}, Previous: []event.Identifier{"anon:a"}},
			[]identity.Link{{Child: "anon:a", Parent: "user:1", Evidence: proof}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.record.Touchpoint = event.Touchpoint{Original: 7, Corrected: 99, Received: 50, ID: "m", Source: "web", Grade: c.grade, Vouched: c.vouch}
			if got := identity.Links(c.record); !slices.Equal(got, c.want) {
				t.Errorf("Links = %v, want %v", got, c.want)
			}
		})
	}
}
