package paths

import (
	"cmp"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/sequence"
	"waymark/shared/domain/step"
)

// meetings counts which channels and devices of sessions follow each other in lives, and which channels meet in them.
type meetings struct {
	switches map[change]*changes
	channels *sequence.Counts[int64] // persons by the set of their channels

	sessions []session // of the life
	done     []*changes
	set      []string
	labels   []uint32
}

type change struct{ dimension, from, to string }

type changes struct {
	persons, times int64
}

type session struct {
	number          int
	channel, device string
}

func newMeetings() meetings {
	return meetings{switches: map[change]*changes{}, channels: sequence.New[int64]()}
}

func (m *meetings) join(part *meetings) {
	for c, n := range part.switches {
		to := m.at(c)
		to.persons, to.times = to.persons+n.persons, to.times+n.times
	}
	m.channels.Join(part.channels, func(to, from *int64) { *to += *from })
}

func (m *meetings) at(c change) *changes {
	n, found := m.switches[c]
	if !found {
		n = new(changes)
		m.switches[c] = n
	}
	return n
}

// add reads the steps that a person has in the period.
func (m *meetings) add(period []step.Row) {
	m.sessions, m.done, m.set, m.labels = m.sessions[:0], m.done[:0], m.set[:0], m.labels[:0]
	for i := range period {
		r := &period[i]
		if r.Session == 0 {
			continue
		}
		at, found := len(m.sessions), false
		if at > 0 && m.sessions[at-1].number >= r.Session {
			at, found = slices.BinarySearchFunc(m.sessions, r.Session, func(s session, n int) int { return cmp.Compare(s.number, n) })
		}
		if !found {
			m.sessions = slices.Insert(m.sessions, at, session{number: r.Session, channel: cmp.Or(r.SessionChannel, analysis.Unknown)})
		}
		if m.sessions[at].device == "" {
			m.sessions[at].device = r.Device
		}
	}
	for i := range m.sessions {
		s := &m.sessions[i]
		s.device = cmp.Or(s.device, analysis.Unknown)
		if i > 0 {
			m.change(change{"channel", m.sessions[i-1].channel, s.channel})
			m.change(change{"device", m.sessions[i-1].device, s.device})
		}
		if !slices.Contains(m.set, s.channel) {
			m.set = append(m.set, s.channel)
		}
	}
	if len(m.set) == 0 {
		return
	}
	for _, name := range m.set {
		m.labels = append(m.labels, m.channels.Label(name))
	}
	slices.Sort(m.labels)
	*m.channels.At(m.labels)++
}

func (m *meetings) change(c change) {
	n := m.at(c)
	n.times++
	if !slices.Contains(m.done, n) {
		m.done = append(m.done, n)
		n.persons++
	}
}

// table gives the matrices of what follows what.
func (m *meetings) table() analysis.Table {
	t := analysis.Table{
		Name:     "switches",
		Sentence: "Channel and device of one session of a person and of their next, in the period. Times of a dimension add up to the sessions less the persons who had one; rows with the same value twice are no switches.",
		Columns: []analysis.Column{
			{Name: "dimension", Unit: analysis.Text, Sentence: "channel or device"},
			{Name: "from", Unit: analysis.Text, Sentence: "of a session"},
			{Name: "to", Unit: analysis.Text, Sentence: "of the next"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who did so, once at least"},
			{Name: "times", Unit: analysis.Counts, Sentence: "how often they did"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all times from there"},
		},
	}
	var order []change
	from := map[change]int64{}
	for c, n := range m.switches {
		order = append(order, c)
		from[change{dimension: c.dimension, from: c.from}] += n.times
	}
	slices.SortFunc(order, func(a, b change) int {
		return cmp.Or(strings.Compare(a.dimension, b.dimension), strings.Compare(a.from, b.from), strings.Compare(a.to, b.to))
	})
	for _, c := range order {
		n := m.switches[c]
		t.Row(analysis.Word(c.dimension), analysis.Word(c.from), analysis.Word(c.to), analysis.Count(n.persons), analysis.Count(n.times),
			analysis.Rate(n.times, from[change{dimension: c.dimension, from: c.from}]))
	}
	return t
}

// together gives how often two channels meet in the life of one person.
func (m *meetings) together() analysis.Table {
	t := analysis.Table{
		Name:     "together",
		Sentence: "Persons who had sessions of both channels in the period. Lift is how many times as many they are as if channels came independently: above 1 they go together.",
		Columns: []analysis.Column{
			{Name: "channel", Unit: analysis.Text, Sentence: "of some session"},
			{Name: "other_channel", Unit: analysis.Text, Sentence: "of another session"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "with both"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all persons with a session"},
			{Name: "lift", Unit: analysis.Score, Sentence: "persons with both × all persons ÷ (persons with the one × persons with the other)"},
		},
	}
	names, sets := m.channels.Sorted()
	of, all := make([]int64, len(names)), int64(0)
	both := map[[2]uint32]int64{}
	for _, e := range sets {
		all += *e.Of
		slices.Sort(e.Labels)
		for i, a := range e.Labels {
			of[a] += *e.Of
			for _, b := range e.Labels[i+1:] {
				both[[2]uint32{a, b}] += *e.Of
			}
		}
	}
	for a := range names {
		for b := a + 1; b < len(names); b++ {
			if n := both[[2]uint32{uint32(a), uint32(b)}]; n > 0 {
				lift := float64(n) * float64(all) / (float64(of[a]) * float64(of[b]))
				t.Row(analysis.Word(names[a]), analysis.Word(names[b]), analysis.Count(n), analysis.Rate(n, all), analysis.Number(lift, 4))
			}
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b []analysis.Value) int {
		x, _ := a[2].Float()
		y, _ := b[2].Float()
		return cmp.Compare(y, x)
	})
	return t
}
