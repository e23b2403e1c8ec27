package journeymap

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// pain is a cell beside its peers: the cells of the same stage with other values of the same dimension, those of them with enough persons.
type pain struct {
	at       key
	cell     *cell
	stage    *cell    // the whole stage
	peers    *big.Rat // median drop-off of the peers, nil without any
	persons  *big.Rat // at stake: by how much the drop-off is above that, times the persons whose windows are over; nil where it is not
	p        float64  // of the cell's drop-off and that of its peers together being one
	isEnough bool     // the cell has enough persons to be compared
	isClear  bool
	dwell    int64 // median of the medians of the peers, in seconds; 0 without any
	ownDwell int64
}

// judged puts every cell beside its peers.
func (m *chart) judged() []pain {
	var out []pain
	for _, stage := range m.names {
		for by := range m.dimensions {
			cells := m.values(stage, by)
			if by > 0 && len(cells) == 1 {
				continue // the whole stage, and no place in it
			}
			for _, at := range cells {
				if m.cells[at].persons > 0 {
					out = append(out, m.judge(at, cells))
				}
			}
		}
	}
	var p []float64
	for _, one := range out {
		if one.peers != nil {
			p = append(p, one.p)
		}
	}
	bound := feedback.Holm(p, .05)
	for i := range out {
		out[i].isClear = out[i].persons != nil && out[i].p <= bound
	}
	slices.SortStableFunc(out, func(a, b pain) int {
		return cmp.Or(b.stake(m.q.Currency).Cmp(a.stake(m.q.Currency)), b.lost().Cmp(a.lost()), cmp.Compare(b.cell.errors+b.cell.negative, a.cell.errors+a.cell.negative))
	})
	return out
}

func (m *chart) judge(at key, cells []key) pain {
	c := m.cells[at]
	out := pain{at: at, isEnough: c.decided >= m.least, cell: c, stage: m.at(key{stage: at.stage, isAll: true}), p: 1}
	var rates []*big.Rat
	var dwells []int64
	var lost, decided int64
	for _, other := range cells {
		o := m.cells[other]
		if other == at || o.decided < m.least {
			continue
		}
		rates = append(rates, big.NewRat(o.decided-o.decidedConverted, o.decided))
		lost, decided = lost+o.decided-o.decidedConverted, decided+o.decided
		if n := median(o.seconds); len(o.seconds) > 0 {
			dwells = append(dwells, n)
		}
	}
	slices.Sort(dwells)
	out.dwell, out.ownDwell = median(dwells), median(c.seconds)
	if len(rates) == 0 || !out.isEnough || !m.goesOn(at.stage) {
		return out
	}
	slices.SortFunc(rates, (*big.Rat).Cmp)
	half := len(rates) / 2
	out.peers = rates[half]
	if len(rates)%2 == 0 {
		out.peers = new(big.Rat).Quo(new(big.Rat).Add(rates[half-1], rates[half]), big.NewRat(2, 1))
	}
	out.p = feedback.RateP(lost, decided, c.decided-c.decidedConverted, c.decided)
	above := new(big.Rat).Sub(big.NewRat(c.decided-c.decidedConverted, c.decided), out.peers)
	if above.Sign() > 0 {
		out.persons = above.Mul(above, big.NewRat(c.decided, 1))
	}
	return out
}

// median of sorted values, the lower one of two; 0 of none.
func median(sorted []int64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)/2]
}

// lost is how many persons are at stake.
func (p *pain) lost() *big.Rat {
	if p.persons == nil {
		return new(big.Rat)
	}
	return p.persons
}

// worth is what persons at stake come to, where those who go on from the stage come to a sum together.
func (p *pain) worth(sum *big.Int) *big.Rat {
	if p.persons == nil || p.stage.decidedConverted == 0 {
		return new(big.Rat)
	}
	each := new(big.Rat).SetFrac(sum, big.NewInt(p.stage.decidedConverted))
	return each.Mul(each, p.persons)
}

// stake is the money at stake in a currency, in millionths; of less than nothing it is nothing.
func (p *pain) stake(currency string) *big.Rat {
	out := p.worth(p.stage.revenue[currency].Wide.Big())
	if out.Sign() < 0 {
		return new(big.Rat)
	}
	return out
}

// money rounds millionths half away from zero.
func moneyOf(micros *big.Rat) analysis.Value {
	twice := new(big.Int).Lsh(micros.Num(), 1)
	rounded := new(big.Int).Quo(twice.Add(twice, new(big.Int).Mul(big.NewInt(int64(micros.Sign())), micros.Denom())), new(big.Int).Lsh(micros.Denom(), 1))
	sum, fits := wide.OfBig(rounded)
	if !fits {
		return analysis.None()
	}
	return analysis.Money(money.Sum{Wide: sum})
}

func number(r *big.Rat, digits int) analysis.Value {
	f, _ := r.Float64()
	return analysis.Number(f, digits)
}

// currencies are those of the revenue behind a pain, the workspace's own first; one without a name where there is none.
func (m *chart) currencies(p *pain) []string {
	out := slices.Sorted(maps.Keys(p.stage.revenue))
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Compare(map[bool]int{true: 0, false: 1}[a == m.q.Currency], map[bool]int{true: 0, false: 1}[b == m.q.Currency])
	})
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// isLong says whether stays are at least twice as long as the peers'.
func (p *pain) isLong() bool { return p.dwell > 0 && p.isEnough && p.ownDwell >= 2*p.dwell }

// signals says in words what points to trouble.
func (p *pain) signals() string {
	var out []string
	if p.cell.errors > 0 {
		out = append(out, fmt.Sprintf("errors of %d persons, %d of whom were lost", p.cell.errors, p.cell.failed))
	}
	if p.cell.negative > 0 {
		out = append(out, fmt.Sprintf("negative texts of %d persons", p.cell.negative))
	}
	if p.isLong() {
		out = append(out, "stays twice as long as elsewhere")
	}
	return strings.Join(out, "; ")
}

// place says where a cell of any dimension is.
func (m *chart) place(at key) []analysis.Value {
	return []analysis.Value{analysis.Word(at.stage), analysis.Word(m.dimensions[at.by].Name), analysis.Word(at.value)}
}

func dimensionColumn() analysis.Column {
	return analysis.Column{Name: "dimension", Unit: analysis.Text, Sentence: "the map's columns, or one that pains_by names; persons of two dimensions are the same persons"}
}

func valueColumn() analysis.Column {
	return analysis.Column{Name: "value", Unit: analysis.Text, Sentence: "of the dimension, at the step that enters the stage"}
}

// painPoints are the first cells that lose more than their peers or have signs of trouble.
func (m *chart) painPoints(judged []pain) []pain {
	out := slices.DeleteFunc(slices.Clone(judged), func(p pain) bool { return p.persons == nil && p.signals() == "" })
	return out[:min(len(out), m.pains)]
}

func (m *chart) painTable(pains []pain) analysis.Table {
	out := analysis.Table{
		Name: "pain_points",
		Sentence: "Cells that lose more persons than the others of their stage, or have signs of trouble, by the money at stake, then by persons. " +
			"Money at stake is persons at stake times what a person who goes on from the stage brings within the window; a row for each currency. Cells after the first ones are left out.",
		Columns: []analysis.Column{
			{Name: "rank", Unit: analysis.Counts, Sentence: "1 is the worst"},
			stageColumn(), dimensionColumn(), valueColumn(),
			{Name: "drop_off", Unit: analysis.Ratio, Sentence: "as in the map"},
			{Name: "peers_drop_off", Unit: analysis.Ratio, Sentence: "median of the other cells of the stage that have enough persons"},
			{Name: "persons_at_stake", Unit: analysis.Persons, Sentence: "drop-off above that of the peers, times the persons whose windows are over"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the money"},
			{Name: "revenue_at_stake", Unit: analysis.Amount, Sentence: "net, of the persons at stake"},
			{Name: "clear", Unit: analysis.Text, Sentence: "yes where chance alone does not make such a difference: Fisher's exact test at 5 % with Holm's correction for all cells"},
			{Name: "signals", Unit: analysis.Text, Sentence: "events of trouble, negative texts, long stays"},
		},
	}
	for i := range pains {
		p := &pains[i]
		c, peers, persons, clear := p.cell, analysis.None(), analysis.None(), ""
		if p.peers != nil {
			peers, persons = number(p.peers, 4), number(p.lost(), 2)
		}
		if p.isClear {
			clear = "yes"
		}
		for _, currency := range m.currencies(p) {
			row := append([]analysis.Value{analysis.CountOf(i + 1)}, m.place(p.at)...)
			dropOff, stake := analysis.None(), analysis.None()
			if m.goesOn(p.at.stage) {
				dropOff = analysis.Rate(c.decided-c.decidedConverted, c.decided)
			}
			if currency != "" {
				stake = moneyOf(p.stake(currency))
			}
			out.Row(append(row, dropOff, peers, persons, analysis.Word(currency), stake, analysis.Word(clear), analysis.Word(p.signals()))...)
		}
	}
	return out
}

func (m *chart) exampleTable(pains []pain) analysis.Table {
	out := analysis.Table{
		Name:     "examples",
		Sentence: "Of each pain point the journeys of three persons who were lost there: those with the most events of trouble, then the earliest.",
		Columns: []analysis.Column{
			{Name: "rank", Unit: analysis.Counts, Sentence: "of the pain point"},
			stageColumn(), dimensionColumn(), valueColumn(),
			{Name: "person", Unit: analysis.Text, Sentence: "whose profile tells the whole life"},
			{Name: "time", Unit: analysis.Time, Sentence: "of the step that entered the stage"},
			{Name: "steps", Unit: analysis.Text, Sentence: "from that step to the one that left the stage: event (channel) [stage entered]"},
		},
	}
	for i := range pains {
		for _, e := range pains[i].cell.examples {
			row := append([]analysis.Value{analysis.CountOf(i + 1)}, m.place(pains[i].at)...)
			out.Row(append(row, analysis.Word(string(e.person)), analysis.Word(m.q.Instant(e.entered)), analysis.Word(e.steps))...)
		}
	}
	return out
}

// opportunityTable turns the same numbers round: what there is to win.
func (m *chart) opportunityTable(judged []pain) analysis.Table {
	out := analysis.Table{
		Name: "opportunities",
		Sentence: "If a cell lost no more than the median of its peers: so many more persons would go on, with the orders and net revenue of those who do. " +
			"It supposes that they are like the others, and that nothing else changes. Only cells that lose more are listed; a row for each currency.",
		Columns: []analysis.Column{
			stageColumn(), dimensionColumn(), valueColumn(),
			{Name: "conversion", Unit: analysis.Ratio, Sentence: "as in the map"},
			{Name: "peers_conversion", Unit: analysis.Ratio, Sentence: "median of the peers"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "more who would go on"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "more, within the window"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the money"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "more, net, within the window"},
			{Name: "clear", Unit: analysis.Text, Sentence: "as of pain points"},
		},
	}
	for i := range judged {
		p := &judged[i]
		if p.persons == nil {
			continue
		}
		clear := map[bool]string{true: "yes", false: ""}[p.isClear]
		for _, currency := range m.currencies(p) {
			revenue := analysis.None()
			if currency != "" {
				revenue = moneyOf(p.stake(currency))
			}
			out.Row(append(m.place(p.at), analysis.Rate(p.cell.decidedConverted, p.cell.decided), number(new(big.Rat).Sub(big.NewRat(1, 1), p.peers), 4),
				number(p.persons, 2), number(p.worth(big.NewInt(p.stage.orders)), 2), analysis.Word(currency), revenue, analysis.Word(clear))...)
		}
	}
	return out
}
