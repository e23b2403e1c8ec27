package clv

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/money"
)

// asked is a question that was understood.
type asked struct {
	analysis.Question
	horizon
	length   time.Duration // of the horizon
	heldOut  int           // hundredths of the time
	limit    int
	currency string
	worth    buyer.Worth
	contract string
}

const day = 24 * time.Hour

// Analysis answers who is still a buyer, what they will purchase, and what that is worth. It reads all orders from the beginning up to the end of the
// question; the start of the question has no meaning to it.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "clv", Version: 1,
		Sentence: "Which buyers are still there, when they purchase next, and what they are worth over a horizon: BG/NBD and gamma-gamma, with a hold-out report",
		Parameters: []analysis.Parameter{
			{Name: "horizon", Sentence: "how far ahead, such as 90d; at most 3650d", Default: "365d"},
			{Name: "discount", Sentence: "per cent a year that later purchases are worth less, 0 to 100", Default: "10"},
			{Name: "holdout", Sentence: "per cent of the time that the fit is tried on, 10 to 90", Default: "50"},
			{Name: "limit", Sentence: "persons listed, 1 to 1000", Default: "20"},
			{Name: "currency", Sentence: "of the orders that are read; the workspace's where nothing is said"},
			{Name: "value", Sentence: "net of what was taken back, or gross", Values: []string{"net", "gross"}, Default: "net"},
			{
				Name: "contract", Sentence: "how long a contract runs, of buyers who renew or leave: retention by sBG beside the rest",
				Values: []string{"none", "month", "quarter", "year"}, Default: "none",
			},
		},
		Prepare: prepare,
	}
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	a := asked{Question: q}
	if err := a.parse(); err != nil {
		return analysis.Plan{}, err
	}
	return analysis.Plan{To: q.Known(), Columns: buyer.Columns, Answer: a.answer}, nil
}

func (a *asked) parse() (err error) {
	if !a.By.IsZero() {
		return analysis.Bad("by", "clv is fitted to all buyers at once; choose some by a segment, such as segment=first_channel:email")
	}
	if a.length, err = a.Duration("horizon", 365*day, 3650*day); err != nil {
		return err
	}
	a.weeks = a.length.Hours() / (24 * daysOfWeek)
	percent, err := strconv.ParseFloat(cmp.Or(a.Text("discount"), "10"), 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return analysis.Bad("discount", "discount is per cent a year from 0 to 100, such as 10 or 7.5, not %.40q", a.Text("discount"))
	}
	a.yearly = percent / 100
	if a.heldOut, err = a.Number("holdout", 50, 10, 90); err != nil {
		return err
	}
	if a.limit, err = a.Number("limit", 20, 1, 1000); err != nil {
		return err
	}
	if a.currency, err = money.Currency(cmp.Or(a.Text("currency"), a.Currency)); err != nil {
		return analysis.Bad("currency", "a currency is a code of three letters, such as EUR, not %.40q", a.Text("currency"))
	}
	value, err := a.Choice("value", "net", "gross")
	if err != nil {
		return err
	}
	a.worth = buyer.Net
	if value == "gross" {
		a.worth = buyer.Gross
	}
	a.contract, err = a.Choice("contract", "none", "month", "quarter", "year")
	return err
}

func (a *asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	all := read(lives, a.Calendar, buyer.Rules{Known: a.Known(), Currency: a.currency, Worth: a.worth})
	var m models
	histories, spends := all.histories()
	m.purchases, m.noPurchases = FitBGNBD(histories)
	m.spend, m.noSpend = FitGammaGamma(spends)
	out := analysis.Answer{Notes: all.notes(a)}
	t := tried{refusal: m.noPurchases, spendRefusal: m.noSpend}
	if len(histories) > 0 {
		t = all.try(a.heldOut)
	}
	out.Tables = append(out.Tables, fitsTable(&m, &t), modelTable(&m), holdoutTable(&t), errorsTable(&t))
	var predicted []prediction
	if m.noPurchases == nil {
		predicted = m.predict(histories, spends, a.horizon)
	}
	order := ranked(predicted)
	out.Tables = append(out.Tables, decileTable(a, &all, predicted, order), personTable(a, &all, &m, predicted, order),
		projectionTable(a, &all, &m, histories))
	if a.contract != "none" {
		tables, notes := all.renewals(a.contract, a.heldOut)
		out.Tables, out.Notes = append(out.Tables, tables...), append(out.Notes, notes...)
	}
	return out, nil
}

// notes are what is left out, and how to read the rest.
func (a *base) notes(q *asked) []string {
	out := append([]string{
		fmt.Sprintf("%d buyers in %s; purchases of one person on one day count once, as of %s.", len(a.people), a.Currency, q.Instant(a.Known)),
	}, a.LeftOut()...)
	if a.taken > 0 {
		out = append(out, fmt.Sprintf("%d persons are no buyers, because all that they ordered in %s was taken back.", a.taken, a.Currency))
	}
	return out
}
