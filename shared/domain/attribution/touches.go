package attribution

import (
	"cmp"
	"math"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/sequence"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
)

// reader finds the paths in lives, one life after the other.
type reader struct {
	*settings
	paths *sequence.Counts[outcome]
	decay map[uint32]*share // by label: what time decay gives, which the sequence alone does not say

	orders, nulls  int64 // paths that converted, and that did not
	open           int64 // of the nulls: an order may still come within the look-back
	later          int64 // touches of the period whose order came after it
	returned       int64 // sessions of the period that came from a payment page
	noTouch        int64 // orders without any session
	cut            int64 // paths of more touches than are kept
	touched, known int64 // touches of the period; persons with a path

	touches []touch // of the life, in order of their sessions
	sales   []sale
	labels  []uint32 // of the path
	path    []int    // indices into touches
	weights []uint64
	parts   []int64
}

// outcome is what became of a path.
type outcome struct {
	conversions, nulls int64
	revenue            []cash
}

func (o *outcome) add(other *outcome) {
	o.conversions, o.nulls = o.conversions+other.conversions, o.nulls+other.nulls
	for _, c := range other.revenue {
		o.revenue = plus(o.revenue, c.currency, c.sum)
	}
}

// cash is a sum in one currency.
type cash struct {
	currency string
	sum      money.Sum
}

// share is what a label is credited with.
type share struct {
	conversions wide.Int // in parts of whole
	revenue     []cash
}

// whole is one conversion in parts: a remainder that cannot be shared is one part of it.
const whole = 1_000_000_000_000

type touch struct {
	session   int
	at        event.Millis
	label     uint32
	isStarted bool // its beginning is known
	isPayment bool
	isUsed    bool // an order within the look-back came
	isLater   bool // that order came after the period
}

type sale struct {
	at       event.Millis
	session  int
	before   int // touches that had begun
	id       string
	currency string
	amount   money.Sum
}

func (s *settings) begin() *reader {
	return &reader{settings: s, paths: sequence.New[outcome](), decay: map[uint32]*share{}}
}

func (r *reader) join(part *reader) {
	r.paths.Join(part.paths, (*outcome).add)
	names := part.paths.Names()
	for n, from := range part.decay {
		to := r.decayOf(r.paths.Label(names[n]))
		to.conversions = to.conversions.Add(from.conversions)
		for _, c := range from.revenue {
			to.revenue = plus(to.revenue, c.currency, c.sum)
		}
	}
	r.orders, r.nulls, r.open, r.later = r.orders+part.orders, r.nulls+part.nulls, r.open+part.open, r.later+part.later
	r.returned, r.noTouch, r.cut = r.returned+part.returned, r.noTouch+part.noTouch, r.cut+part.cut
	r.touched, r.known = r.touched+part.touched, r.known+part.known
}

func (r *reader) decayOf(label uint32) *share {
	s, found := r.decay[label]
	if !found {
		s = new(share)
		r.decay[label] = s
	}
	return s
}

func plus(to []cash, currency string, sum money.Sum) []cash {
	for i := range to {
		if to[i].currency == currency {
			to[i].sum = to[i].sum.Plus(sum)
			return to
		}
	}
	return append(to, cash{currency, sum})
}

// add reads one life.
func (r *reader) add(life []step.Row) {
	r.touches, r.sales = r.touches[:0], r.sales[:0]
	for i := range life {
		row := &life[i]
		if row.At >= r.Now {
			break
		}
		if row.Session > 0 {
			r.visit(row)
		}
		if row.Order != nil {
			r.sell(row)
		}
	}
	paths := r.orders + r.nulls
	previous := 0 // session of the order before
	for i := range r.sales {
		r.convert(&r.sales[i], previous)
		previous = max(previous, r.sales[i].session, r.sessionOf(r.sales[i].before))
	}
	r.lose()
	if r.orders+r.nulls > paths {
		r.known++
	}
}

// sessionOf is the last session that had begun.
func (r *reader) sessionOf(before int) int {
	if before == 0 {
		return 0
	}
	return r.touches[before-1].session
}

// visit notes a session at the first of its steps that is read.
func (r *reader) visit(row *step.Row) {
	i := len(r.touches)
	if i > 0 && row.Session <= r.touches[i-1].session { // a server's word of an order may belong to an older session
		var found bool
		i, found = slices.BinarySearchFunc(r.touches, row.Session, func(t touch, n int) int { return cmp.Compare(t.session, n) })
		if found {
			return
		}
	}
	t := touch{session: row.Session, at: row.At, isStarted: row.SessionStart, label: r.paths.Label(r.by.Of(row))}
	isUnsigned := row.SessionChannel == string(channel.Referral) || row.SessionChannel == string(channel.Direct) || row.SessionChannel == ""
	if row.Referrer.Host != "" && isUnsigned {
		t.isPayment = r.isPayment(row.Referrer.Host)
	}
	if !t.isStarted {
		t.at = 0 // it began before anything that is read
	} else if r.isOfPeriod(t.at) {
		r.touched++
		if t.isPayment {
			r.returned++
		}
	}
	r.touches = slices.Insert(r.touches, i, t)
}

func (r *reader) isOfPeriod(at event.Millis) bool { return at >= r.Start() && at < r.Known() }

// sell notes an order, or what happened to one.
func (r *reader) sell(row *step.Row) {
	o := row.Order
	if o.Kind == event.Completed {
		r.sales = append(r.sales, sale{row.At, row.Session, len(r.touches), o.ID, o.Currency, money.SumOf(o.Amount)})
		return
	}
	if !r.isNet {
		return
	}
	for i := range r.sales {
		if s := &r.sales[i]; s.id == o.ID && s.currency == o.Currency {
			s.amount = s.amount.Plus(money.SumOf(o.Net()))
			return
		}
	}
}

// convert finds the path of an order, and counts it where the order is of the period.
func (r *reader) convert(s *sale, previous int) {
	r.path = r.path[:0]
	begin, isOfPeriod, isReturn := s.at.Add(-r.lookBack), r.isOfPeriod(s.at), false
	for i := range r.touches {
		t := &r.touches[i]
		isOwn := s.session > 0 && t.session == s.session
		if s.session > 0 && t.session > s.session || s.session == 0 && i >= s.before {
			break
		}
		if !isOwn && (t.at < begin || r.sinceLast && t.session <= previous) {
			continue
		}
		t.isUsed, t.isLater = true, t.isLater || !t.isUsed && s.at >= r.Known()
		if t.isPayment {
			isReturn = true
		} else {
			r.path = append(r.path, i)
		}
	}
	if !isOfPeriod {
		return
	}
	r.orders++
	if len(r.path) == 0 {
		r.convertAlone(s, isReturn)
		return
	}
	r.shorten()
	o := r.paths.At(r.labels)
	o.conversions++
	o.revenue = plus(o.revenue, s.currency, s.amount)
	r.decayed(s)
}

// convertAlone counts an order that no touch came before: where somebody came from a payment page, directly.
func (r *reader) convertAlone(s *sale, isReturn bool) {
	label := r.paths.Label(analysis.Unknown)
	if isReturn && r.by.Name == step.SessionChannel.String() {
		label = r.paths.Label(string(channel.Direct))
	} else {
		r.noTouch++
	}
	o := r.paths.At([]uint32{label})
	o.conversions++
	o.revenue = plus(o.revenue, s.currency, s.amount)
	d := r.decayOf(label)
	d.conversions = d.conversions.Add(wide.Of(whole))
	d.revenue = plus(d.revenue, s.currency, s.amount)
}

// shorten keeps the latest touches of a path, and gives their labels.
func (r *reader) shorten() {
	if n := len(r.path); n > touchesOf {
		r.path = r.path[n-touchesOf:]
		r.cut++
	}
	r.labels = r.labels[:0]
	for _, i := range r.path {
		r.labels = append(r.labels, r.touches[i].label)
	}
}

// decayed shares an order by half-lives. Weights are relative to the latest touch, so that they never vanish all.
func (r *reader) decayed(s *sale) {
	const one = 1 << 40
	oldest := s.at.Add(-r.lookBack)
	latest := max(r.touches[r.path[len(r.path)-1]].at, oldest)
	r.weights = r.weights[:0]
	for _, i := range r.path {
		age := float64(latest - max(r.touches[i].at, oldest)) // in milliseconds
		r.weights = append(r.weights, uint64(math.Round(one*math.Exp2(-age/float64(r.halfLife.Milliseconds())))))
	}
	r.parts = apportion(whole, r.weights, r.parts)
	for n, i := range r.path {
		d := r.decayOf(r.touches[i].label)
		d.conversions = d.conversions.Add(wide.Of(r.parts[n]))
	}
	amount, fits := s.amount.Wide.Int64()
	if !fits {
		amount = 0 // an order of 18 digits with changes of as many: the last touch has what is beyond
	}
	r.parts = apportion(amount, r.weights, r.parts)
	rest := s.amount.Minus(money.SumOf(money.Micros(amount)))
	for n, i := range r.path {
		d := r.decayOf(r.touches[i].label)
		d.revenue = plus(d.revenue, s.currency, money.SumOf(money.Micros(r.parts[n])))
	}
	if !rest.IsZero() {
		d := r.decayOf(r.touches[r.path[len(r.path)-1]].label)
		d.revenue = plus(d.revenue, s.currency, rest)
	}
}

// lose finds the paths that led to no order: each touch of the period that no order followed within the look-back is in one of them, and a path
// reaches back from its last touch as far as an order's would.
func (r *reader) lose() {
	for i := len(r.touches) - 1; i >= 0; {
		last := &r.touches[i]
		if last.isPayment || !last.isStarted || !r.isOfPeriod(last.at) || last.isUsed {
			if last.isLater && !last.isPayment && r.isOfPeriod(last.at) {
				r.later++
			}
			i--
			continue
		}
		begin := last.at.Add(-r.lookBack)
		r.path = r.path[:0]
		for ; i >= 0 && r.touches[i].isStarted && r.touches[i].at >= begin && !r.touches[i].isUsed; i-- {
			if !r.touches[i].isPayment {
				r.path = append(r.path, i)
			}
		}
		slices.Reverse(r.path)
		r.shorten()
		r.nulls++
		r.paths.At(r.labels).nulls++
		if last.at.Add(r.lookBack) > r.Now {
			r.open++
		}
	}
}
