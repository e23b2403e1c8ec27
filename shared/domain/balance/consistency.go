package balance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// subject is what channels say something of.
type subject struct {
	kind string
	id   string // the property that names it
	// What is compared of it.
	fields []string
}

// subjects are those of the catalogue: its promotions, offers and products, by the properties that their events keep.
var subjects = [...]subject{
	{"promotion", "promotion_id", []string{"creative", "coupon", "discount", "price"}},
	{"offer", "offer_id", []string{"coupon", "coupon_id", "discount", "value"}},
	{"product", "product_id", []string{"price"}},
}

// field is one field of one subject.
type field struct{ kind, id, name string }

func (f field) compare(o field) int {
	return cmp.Or(cmp.Compare(f.kind, o.kind), cmp.Compare(f.id, o.id), cmp.Compare(f.name, o.name))
}

// said is a value that a channel has shown.
type said struct{ channel, value string }

// names numbers values, so that what is kept of a day is small.
type names[T comparable] struct {
	number map[T]int32
	list   []T
}

func (n *names[T]) of(value T) int32 {
	i, found := n.number[value]
	if !found {
		i = int32(len(n.list))
		n.number[value], n.list = i, append(n.list, value)
	}
	return i
}

// claims are what channels have said, by field and day; a day is a number such as 20261025.
type claims struct {
	fields names[field]
	values names[said]
	of     map[[2]int32][]int32 // numbers of values, each once
}

func newClaims() claims {
	return claims{names[field]{number: map[field]int32{}}, names[said]{number: map[said]int32{}}, map[[2]int32][]int32{}}
}

// dayOf is the date of an instant in the report's zone.
func (a *asked) dayOf(at event.Millis) int32 {
	year, month, day := a.Calendar.Local(at.Time()).Date()
	return int32(year*10_000 + int(month)*100 + day)
}

// claim notes what a step says. Amounts are compared with their currency, as amounts: 9.9 and 9.90 are equal.
func (c *claims) claim(r *step.Row, dayOf func(event.Millis) int32) {
	if r.Order != nil || !strings.Contains(string(r.Properties), `_id"`) {
		return
	}
	for i := range subjects {
		s := &subjects[i]
		if !strings.Contains(string(r.Properties), s.id) {
			continue
		}
		id := r.Properties.Property(s.id)
		if id == "" {
			continue
		}
		for _, name := range s.fields {
			if value := r.Properties.Property(name); value != "" {
				c.note(field{s.kind, id, name}, dayOf(r.At), said{cmp.Or(r.Channel, analysis.Unknown), normal(name, value, r.Properties.Property("currency"))})
			}
		}
	}
}

func (c *claims) note(f field, day int32, s said) {
	key, value := [2]int32{c.fields.of(f), day}, c.values.of(s)
	if of := c.of[key]; !slices.Contains(of, value) {
		c.of[key] = append(of, value)
	}
}

func (c *claims) join(part *claims) {
	for key, values := range part.of {
		for _, value := range values {
			c.note(part.fields.list[key[0]], key[1], part.values.list[value])
		}
	}
}

func normal(field, value, currency string) string {
	if field == "coupon" || field == "coupon_id" || field == "creative" {
		return value
	}
	amount, err := money.Parse(value)
	if err != nil {
		return value
	}
	return strings.TrimSpace(amount.String() + " " + strings.ToUpper(currency))
}

// held is a field held against itself over channels.
type held struct {
	field
	days, apart int64 // days on which two channels or more showed it, and of them those on which two had no value in common
	first       int32 // of the days apart
	pair        [2]said
}

// consistency holds channels against each other, day by day: two agree on a day when they have a value in common, so that a price that changes within
// a day is no mismatch.
func (a *asked) consistency(c *counted) (consistency, mismatches analysis.Table, left int) {
	list := make([]*held, len(c.fields.list))
	for i, f := range c.fields.list {
		list[i] = &held{field: f}
	}
	for key, values := range c.of {
		of := make([]said, len(values))
		for i, value := range values {
			of[i] = c.values.list[value]
		}
		list[key[0]].day(key[1], of)
	}
	slices.SortFunc(list, func(x, y *held) int { return cmp.Or(-cmp.Compare(x.apart, y.apart), x.compare(y.field)) })
	consistency = consistencyTable(list)
	mismatches = mismatchTable()
	for _, h := range list {
		switch {
		case h.apart == 0:
		case len(mismatches.Rows) == a.limit:
			left++
		default:
			mismatches.Row(analysis.Word(h.kind), analysis.Word(h.id), analysis.Word(h.name), analysis.Rate(h.apart, h.days), analysis.Word(dateOf(h.first)),
				analysis.Word(h.pair[0].channel), analysis.Word(h.pair[0].value), analysis.Word(h.pair[1].channel), analysis.Word(h.pair[1].value))
		}
	}
	return consistency, mismatches, left
}

// day holds what was said on one day against itself.
func (h *held) day(day int32, sorted []said) {
	slices.SortFunc(sorted, func(x, y said) int { return cmp.Or(cmp.Compare(x.channel, y.channel), cmp.Compare(x.value, y.value)) })
	if sorted[0].channel == sorted[len(sorted)-1].channel {
		return
	}
	h.days++
	for i, x := range sorted {
		for _, y := range sorted[i+1:] {
			if x.channel == y.channel || agree(sorted, x.channel, y.channel) {
				continue
			}
			h.apart++
			if h.first == 0 || day < h.first {
				h.first, h.pair = day, [2]said{x, y}
			}
			return
		}
	}
}

func dateOf(day int32) string {
	return fmt.Sprintf("%04d-%02d-%02d", day/10_000, day/100%100, day%100)
}

// agree says whether two channels have a value in common.
func agree(all []said, a, b string) bool {
	return slices.ContainsFunc(all, func(s said) bool { return s.channel == a && slices.Contains(all, said{b, s.value}) })
}

func consistencyTable(list []*held) analysis.Table {
	table := analysis.Table{
		Name: "consistency", Sentence: "a field of promotions, offers or products, held against itself over channels; (all) is of those whose fields agree, every one",
		Columns: []analysis.Column{
			{Name: "kind", Unit: analysis.Text, Sentence: "promotion, offer or product, by promotion_id, offer_id or product_id"},
			{Name: "field", Unit: analysis.Text, Sentence: "property that is compared; amounts as amounts, with their currency"},
			{Name: "consistency", Unit: analysis.Ratio, Sentence: "of those that two channels or more showed on one day, the share that agreed on every such day"},
			{Name: "alone", Unit: analysis.Counts, Sentence: "those that no two channels showed on one day: nothing is compared"},
		},
	}
	type sum struct{ agreed, compared, alone int64 }
	for _, s := range subjects {
		whole := map[string][2]bool{} // by id: whether it was compared, and whether it is apart
		for _, name := range s.fields {
			var of sum
			for _, h := range list {
				if h.kind != s.kind || h.name != name {
					continue
				}
				state := whole[h.id]
				if h.days == 0 {
					of.alone++
				} else {
					of.compared++
					of.agreed += one(h.apart == 0)
					state[0] = true
				}
				state[1] = state[1] || h.apart > 0
				whole[h.id] = state
			}
			if of != (sum{}) {
				table.Row(analysis.Word(s.kind), analysis.Word(name), analysis.Rate(of.agreed, of.compared), analysis.Count(of.alone))
			}
		}
		var of sum
		for _, state := range whole {
			of.compared += one(state[0])
			of.agreed += one(state[0] && !state[1])
			of.alone += one(!state[0])
		}
		if of != (sum{}) {
			table.Row(analysis.Word(s.kind), analysis.Word("(all)"), analysis.Rate(of.agreed, of.compared), analysis.Count(of.alone))
		}
	}
	return table
}

func mismatchTable() analysis.Table {
	return analysis.Table{
		Name: "mismatches", Sentence: "a field that two channels showed otherwise on the same day, the most days first",
		Columns: []analysis.Column{
			{Name: "kind", Unit: analysis.Text, Sentence: "promotion, offer or product"},
			{Name: "id", Unit: analysis.Text, Sentence: "of it"},
			{Name: "field", Unit: analysis.Text, Sentence: "property that differs"},
			{Name: "days", Unit: analysis.Ratio, Sentence: "of the days on which two channels or more showed it, those on which two had no value in common"},
			{Name: "first", Unit: analysis.Date, Sentence: "first of these days"},
			{Name: "channel", Unit: analysis.Text, Sentence: "that showed it on that day"},
			{Name: "value", Unit: analysis.Text, Sentence: "that it showed"},
			{Name: "other_channel", Unit: analysis.Text, Sentence: "that showed it otherwise"},
			{Name: "other_value", Unit: analysis.Text, Sentence: "that it showed"},
		},
	}
}
