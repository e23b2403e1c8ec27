package acquisition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// MaxCosts is how many entries a file of costs may have.
const MaxCosts = 5000

// Cost is what was spent on a channel, or on one campaign of it, on the days from From until before To.
type Cost struct {
	Channel  string
	Campaign string    // "": on the channel as a whole
	From, To time.Time // dates, at midnight UTC
	Amount   money.Micros
	Currency string // "": the workspace's
}

type costEntry struct {
	Channel  string        `json:"channel"`
	Campaign string        `json:"campaign"`
	From     string        `json:"from"`
	To       string        `json:"to"`
	Amount   *money.Micros `json:"amount"`
	Currency string        `json:"currency"`
}

func bad(at, format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_costs", format, args...).At(at)
}

// ParseCosts reads the document of kind costs:
//
//	{"costs": [{"channel": "paid_search", "campaign": "spring", "from": "2026-03-01", "to": "2026-04-01", "amount": "1500.00", "currency": "EUR"}]}
//
// to is the first day that the amount is not for, as in all periods. campaign and currency may be left out. Faults, all Invalid bad_costs, name the
// entry and what to write instead; all are reported at once, joined.
func ParseCosts(text []byte) ([]Cost, error) {
	var document struct {
		Costs []json.RawMessage `json:"costs"`
	}
	if err := strictly(text, &document); err != nil || document.Costs == nil {
		return nil, bad("costs", `the document is {"costs": [{"channel": "paid_search", "from": "2026-03-01", "to": "2026-04-01", "amount": "1500.00", "currency": "EUR"}]}: %v`, err)
	}
	if len(document.Costs) > MaxCosts {
		return nil, bad("costs", "there are %d entries, at most %d; join those of one channel that follow each other", len(document.Costs), MaxCosts)
	}
	var out []Cost
	var faults []error
	for i, entry := range document.Costs {
		c, err := parseCost(entry)
		if err != nil {
			faults = append(faults, bad(fmt.Sprintf("costs[%d]", i), "%v", err))
		}
		out = append(out, c)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return out, nil
}

func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the document")
	}
	return nil
}

func parseCost(text []byte) (Cost, error) {
	var e costEntry
	if err := strictly(text, &e); err != nil {
		return Cost{}, fmt.Errorf("the entry is not as it should be: %w; it has channel, campaign, from, to, amount and currency", err)
	}
	c := Cost{Channel: e.Channel, Campaign: e.Campaign}
	if e.Channel == "" {
		return c, errors.New("it names no channel; write one such as paid_search")
	}
	var err error
	if c.From, err = time.Parse(time.DateOnly, e.From); err != nil {
		return c, fmt.Errorf("from is the first day, such as 2026-03-01, not %.40q", e.From)
	}
	if c.To, err = time.Parse(time.DateOnly, e.To); err != nil {
		return c, fmt.Errorf("to is the day after the last, such as 2026-04-01, not %.40q", e.To)
	}
	if !c.To.After(c.From) {
		return c, fmt.Errorf("to is the day after the last and so later than from; for the one day %s write %s", e.From, c.From.AddDate(0, 0, 1).Format(time.DateOnly))
	}
	if e.Amount == nil || *e.Amount < 0 {
		return c, errors.New("amount is what was spent, 0 or more, such as \"1500.00\"")
	}
	c.Amount = *e.Amount
	if e.Currency != "" {
		if c.Currency, err = money.Currency(e.Currency); err != nil {
			return c, err
		}
	}
	return c, nil
}

// DescribeCosts says in a sentence for each entry what it counts.
func DescribeCosts(costs []Cost) []string {
	var out []string
	for _, c := range costs {
		what, currency := "channel "+c.Channel, c.Currency
		if c.Campaign != "" {
			what += ", campaign " + c.Campaign
		}
		if currency == "" {
			currency = "in the workspace's currency"
		}
		out = append(out, fmt.Sprintf("%s: %s %s for %d days, from %s to %s", what, c.Amount, currency, c.days(),
			c.From.Format(time.DateOnly), c.To.AddDate(0, 0, -1).Format(time.DateOnly)))
	}
	return out
}

func (c *Cost) days() int64 { return int64(c.To.Sub(c.From) / day) }

// until is what is spent on the first days of an entry, rounded down to a millionth, so that the parts of any days add up.
func (c *Cost) until(days int64) wide.Int {
	n := new(big.Int).Mul(big.NewInt(int64(c.Amount)), big.NewInt(days))
	out, _ := wide.OfBig(n.Div(n, big.NewInt(c.days())))
	return out
}

// within is what is spent on the days that begin in a period, and how many they are.
func (s *settings) within(c *Cost) (sum money.Sum, days int64) {
	from, to := s.daysBefore(c, s.From), s.daysBefore(c, s.To)
	return money.Sum{Wide: c.until(to).Sub(c.until(from))}, to - from
}

// daysBefore is how many days of an entry begin before an instant, in the report's zone.
func (s *settings) daysBefore(c *Cost, at time.Time) int64 {
	local := s.Calendar.Local(at)
	date := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	days := int64(date.Sub(c.From) / day)
	if begins, err := s.Calendar.ParseBound(date.Format(time.DateOnly)); err == nil && begins.Before(at) {
		days++
	}
	return min(max(days, 0), c.days())
}
