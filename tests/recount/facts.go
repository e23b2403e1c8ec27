package recount

import (
	"cmp"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
	"waymark/shared/domain/stage"
)

// Unknown stands for a dimension that an event says nothing of, so that the parts of a dimension add up to the whole.
const Unknown = "unknown"

// Cell is one place in the cube of dimensions.
type Cell struct {
	Channel string `json:"c,omitempty"`
	Source  string `json:"s,omitempty"`
	Stage   string `json:"g,omitempty"`
	Country string `json:"y,omitempty"`
}

// Count is how often something happened in one cell.
type Count struct {
	Cell
	N int64 `json:"n"`
}

// Sale is the orders, or the refunds, of one cell and currency.
type Sale struct {
	Cell
	Currency string       `json:"u"`
	N        int64        `json:"n"`
	Amount   money.Micros `json:"a"`
}

// Facts is what one person did in one window, in a form that merges: the facts of a month are the merged facts of its days.
type Facts struct {
	Person   event.Identifier `json:"p"`           // root at the time of computing
	Touches  []Count          `json:"t,omitempty"` // by each touchpoint's own channel, else its session's
	Sessions []Count          `json:"x,omitempty"` // begun in the window
	New      *Cell            `json:"w,omitempty"` // the first touchpoint ever is in the window
	Entries  []Count          `json:"e,omitempty"` // stage entries; Stage is the stage entered
	Stage    string           `json:"z,omitempty"` // at the window's end
	Orders   []Sale           `json:"o,omitempty"` // by the session's channel
	Refunds  []Sale           `json:"r,omitempty"`
	NewBuyer *Cell            `json:"b,omitempty"` // the first order ever is in the window
}

// Of gives what the person did in [start, end). ok is false when nothing is to be counted there. currency is that of orders which name none.
func Of(j journey.Journey, start, end event.Millis, currency string) (f Facts, ok bool) {
	f.Person = j.Root
	from, to := span(j, start, end)
	for i := from; i < to; i++ {
		f.step(j, i, currency)
	}
	if from == 0 && to > 0 {
		f.New = ref(cellOf(j.Steps[0], j.Steps[0].Channel))
	}
	f.sessions(j, start, end)
	f.entries(j, start, end)
	if j.FirstOrder >= from && j.FirstOrder < to {
		f.NewBuyer = ref(orderCell(j, j.FirstOrder))
	}
	f.Stage = string(j.Stages.At(end))
	f.pack()
	return f, len(f.Touches)+len(f.Entries) > 0
}

// span gives the steps that lie in [start, end) as a range of indexes.
func span(j journey.Journey, start, end event.Millis) (from, to int) {
	search := func(at event.Millis) int {
		i, _ := slices.BinarySearchFunc(j.Steps, at, func(s journey.Step, at event.Millis) int { return cmp.Compare(s.At, at) })
		return i
	}
	return search(start), search(end)
}

func (f *Facts) step(j journey.Journey, i int, currency string) {
	s := j.Steps[i]
	f.Touches = append(f.Touches, Count{Cell: cellOf(s, s.Channel), N: 1})
	if !s.Counts {
		return
	}
	order := s.Touchpoint.Order
	sale := Sale{Cell: orderCell(j, i), Currency: cmp.Or(order.Currency, currency), N: 1, Amount: order.Amount}
	if order.Refund {
		f.Refunds = append(f.Refunds, sale)
		return
	}
	f.Orders = append(f.Orders, sale)
}

// sessions counts those that begin in the window.
func (f *Facts) sessions(j journey.Journey, start, end event.Millis) {
	i, _ := slices.BinarySearchFunc(j.Sessions, start, func(s journey.Session, at event.Millis) int { return cmp.Compare(s.Start, at) })
	for ; i < len(j.Sessions) && j.Sessions[i].Start < end; i++ {
		f.Sessions = append(f.Sessions, Count{Cell: sessionCell(j, j.Sessions[i]), N: 1})
	}
}

// entries counts stage changes. A change made by a touchpoint has that touchpoint's dimensions, one made by time has none.
func (f *Facts) entries(j journey.Journey, start, end event.Millis) {
	visits := j.Stages.Visits
	i, _ := slices.BinarySearchFunc(visits, start, func(v stage.Visit, at event.Millis) int { return cmp.Compare(v.Entered, at) })
	for ; i < len(visits) && visits[i].Entered < end; i++ {
		cell := causeCell(j, visits[i])
		cell.Stage = string(visits[i].Stage)
		f.Entries = append(f.Entries, Count{Cell: cell, N: 1})
	}
}

func causeCell(j journey.Journey, v stage.Visit) Cell {
	if v.Cause.Event != "" {
		from, to := span(j, v.Entered, v.Entered+1)
		for _, s := range j.Steps[from:to] {
			// Two identifiers of a person may have an event with one id; the stage tells which of them made the change.
			if s.Touchpoint.ID == v.Cause.Event && s.Touchpoint.Source == v.Cause.Source && s.Stage == v.Stage {
				return cellOf(s, s.Channel)
			}
		}
	}
	return Cell{Channel: Unknown, Source: Unknown, Country: Unknown}
}

func cellOf(s journey.Step, channel string) Cell {
	return Cell{
		Channel: channel, Source: cmp.Or(s.Touchpoint.Source, Unknown),
		Stage: cmp.Or(string(s.Stage), Unknown), Country: cmp.Or(s.Touchpoint.Country, Unknown),
	}
}

func orderCell(j journey.Journey, i int) Cell {
	return cellOf(j.Steps[i], j.Sessions[j.Steps[i].Session].Channel)
}

// sessionCell has the dimensions of the session's first step; its country is the first one that any of its steps names.
func sessionCell(j journey.Journey, s journey.Session) Cell {
	cell := cellOf(j.Steps[s.First], s.Channel)
	for i := s.First; i <= s.Last && cell.Country == Unknown; i++ {
		cell.Country = cmp.Or(j.Steps[i].Touchpoint.Country, Unknown)
	}
	return cell
}

func ref(c Cell) *Cell { return &c }

// pack adds up what lies in the same cell and sorts, so that equal facts have equal bytes.
func (f *Facts) pack() {
	f.Touches, f.Sessions, f.Entries = packCounts(f.Touches), packCounts(f.Sessions), packCounts(f.Entries)
	f.Orders, f.Refunds = packSales(f.Orders), packSales(f.Refunds)
}

func packCounts(counts []Count) []Count {
	slices.SortFunc(counts, func(a, b Count) int { return compareCells(a.Cell, b.Cell) })
	out := counts[:0]
	for _, c := range counts {
		if n := len(out); n > 0 && out[n-1].Cell == c.Cell {
			out[n-1].N += c.N
			continue
		}
		out = append(out, c)
	}
	return out
}

func packSales(sales []Sale) []Sale {
	slices.SortFunc(sales, func(a, b Sale) int {
		return cmp.Or(compareCells(a.Cell, b.Cell), cmp.Compare(a.Currency, b.Currency))
	})
	out := sales[:0]
	for _, s := range sales {
		if n := len(out); n > 0 && out[n-1].Cell == s.Cell && out[n-1].Currency == s.Currency {
			out[n-1].N += s.N
			out[n-1].Amount += s.Amount
			continue
		}
		out = append(out, s)
	}
	return out
}

func compareCells(a, b Cell) int {
	return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Country, b.Country))
}
