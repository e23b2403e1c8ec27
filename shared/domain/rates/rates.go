// Package rates converts amounts between currencies by rates that a workspace has settled, each of a day. An amount is converted by the rate of its own
// day, or the latest of the seven days before, for there are none on weekends and holidays. Nothing is converted without a rate.
//
//	rates, err := rates.Parse(text)
//	amount, err := rates.Convert(money.Micros(12_500_000), "USD", "EUR", "2026-03-02")
package rates

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
)

// Bounds of the document.
const (
	MaxRates = 20_000
	maxAge   = 7 // days that a rate is used for
)

// Rates are by pair of currencies and day. The zero Rates has none.
type Rates struct{ byPair map[pair][]rate }

type pair struct{ from, to string }

type rate struct {
	day    string
	exact  *big.Rat // units of to that one unit of from is worth
	source string
}

type document struct {
	Rates []entry `json:"rates"`
}

type entry struct {
	Date   string `json:"date"`
	From   string `json:"from"`
	To     string `json:"to"`
	Rate   string `json:"rate"` // decimal text, so that no digit is lost
	Source string `json:"source"`
}

// Parse reads {"rates": [{"date": "2026-03-02", "from": "EUR", "to": "USD", "rate": "1.0834", "source": "ECB"}]}. Fault: Invalid bad_definition.
func Parse(text []byte) (Rates, error) {
	var d document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Rates{}, bad("rates", "the document is {\"rates\": [{\"date\", \"from\", \"to\", \"rate\", \"source\"}]} with texts: %v", err)
	}
	if len(d.Rates) > MaxRates {
		return Rates{}, bad("rates", "there are %d rates, at most %d", len(d.Rates), MaxRates)
	}
	r := Rates{byPair: map[pair][]rate{}}
	for i, e := range d.Rates {
		at, one, err := e.read(fmt.Sprintf("rates.%d", i))
		if err != nil {
			return Rates{}, err
		}
		r.byPair[at] = append(r.byPair[at], one)
	}
	for at, list := range r.byPair {
		slices.SortFunc(list, func(a, b rate) int { return cmp.Compare(a.day, b.day) })
		for i := 1; i < len(list); i++ {
			if list[i].day == list[i-1].day {
				return Rates{}, bad("rates", "%s to %s has two rates of %s; leave one", at.from, at.to, list[i].day)
			}
		}
	}
	return r, nil
}

func (e entry) read(field string) (pair, rate, error) {
	from, err := money.Currency(e.From)
	to, toErr := money.Currency(e.To)
	if err != nil || toErr != nil || from == to {
		return pair{}, rate{}, bad(field, "from and to are two currencies such as EUR and USD, not %.10q and %.10q", e.From, e.To)
	}
	if _, err := time.Parse(time.DateOnly, e.Date); err != nil {
		return pair{}, rate{}, bad(field+".date", "date is a day such as 2026-03-02, not %.20q", e.Date)
	}
	exact, ok := new(big.Rat).SetString(e.Rate)
	if !ok || len(e.Rate) > 40 || strings.Trim(e.Rate, "0123456789.") != "" || exact.Sign() <= 0 {
		return pair{}, rate{}, bad(field+".rate", "rate is what one %s is worth in %s, as decimal text such as \"1.0834\", not %.40q", from, to, e.Rate)
	}
	if e.Source == "" {
		return pair{}, rate{}, bad(field+".source", "say whose rate it is, such as ECB")
	}
	return pair{from, to}, rate{e.Date, exact, e.Source}, nil
}

func bad(field, format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_definition", format, args...).At(field)
}

// Describe says of each pair of currencies how many rates there are, of which days and whose.
func Describe(r Rates) []string {
	var out []string
	for at, list := range r.byPair {
		var sources []string
		for _, one := range list {
			if !slices.Contains(sources, one.source) {
				sources = append(sources, one.source)
			}
		}
		out = append(out, fmt.Sprintf("%s to %s: %d rates from %s to %s, of %s", at.from, at.to, len(list), list[0].day, list[len(list)-1].day, strings.Join(sources, ", ")))
	}
	slices.Sort(out)
	return out
}

// Convert gives an amount in another currency by the rate of a day, rounded half to even to a millionth. A rate the other way round serves too. Faults,
// Invalid: no_rate, which names currencies and day; number_out_of_range.
func (r Rates) Convert(amount money.Micros, from, to, day string) (money.Micros, error) {
	if from == to {
		return amount, nil
	}
	exact, found := r.of(pair{from, to}, day)
	if !found {
		if exact, found = r.of(pair{to, from}, day); found {
			exact = new(big.Rat).Inv(exact)
		}
	}
	if !found {
		return 0, fault.Newf(fault.Invalid, "no_rate",
			"there is no rate from %s to %s of %s, nor of the %d days before: settle one with `waymark define rates`, or ask without currency", from, to, day, maxAge)
	}
	product := new(big.Rat).Mul(exact, new(big.Rat).SetInt64(int64(amount)))
	return money.Parse(new(big.Rat).Quo(product, big.NewRat(int64(money.Unit), 1)).FloatString(30))
}

// of is the rate of a day, or the latest before it that is not too old.
func (r Rates) of(at pair, day string) (*big.Rat, bool) {
	list := r.byPair[at]
	i, found := slices.BinarySearchFunc(list, day, func(one rate, day string) int { return cmp.Compare(one.day, day) })
	if !found {
		i--
	}
	if i < 0 {
		return nil, false
	}
	asked, err := time.Parse(time.DateOnly, day)
	known, _ := time.Parse(time.DateOnly, list[i].day)
	if err != nil || asked.Sub(known) > maxAge*24*time.Hour {
		return nil, false
	}
	return list[i].exact, true
}
