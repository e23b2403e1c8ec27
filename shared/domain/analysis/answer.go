package analysis

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"waymark/shared/domain/money"
	"waymark/shared/domain/stats"
)

// Answer is what came out: tables, each complete in itself, and in plain sentences what is left out of them, not known yet, or to be read with care.
type Answer struct {
	Tables []Table  `json:"tables"`
	Notes  []string `json:"notes,omitempty"`
}

// Table is rows of numbers.
type Table struct {
	Name     string // for programs: cohorts, steps, edges
	Sentence string // what a row is, and what the rows add up to
	Columns  []Column
	Rows     [][]Value // each with a value for each column
}

// Column is one column of a table.
type Column struct {
	Name     string `json:"name"`
	Unit     Unit   `json:"unit"`
	Sentence string `json:"sentence"` // what is counted
}

// Unit is what the values of a column are counted in. Money has a column of its own that names the currency, or the unit is the currency's code.
type Unit string

// The units.
const (
	Text    Unit = "text"
	Date    Unit = "date"
	Time    Unit = "time" // an instant with its offset
	Persons Unit = "persons"
	Counts  Unit = "count"
	Ratio   Unit = "ratio"
	Seconds Unit = "seconds"
	Days    Unit = "days"
	Amount  Unit = "amount" // of the currency that the row names
	Score   Unit = "score"  // a number without a unit
)

// Row adds a row. It panics when it has not a value for each column, which is a mistake of the analysis.
func (t *Table) Row(values ...Value) {
	if len(values) != len(t.Columns) {
		panic(fmt.Sprintf("analysis: a row of %s has %d values for %d columns", t.Name, len(values), len(t.Columns)))
	}
	t.Rows = append(t.Rows, values)
}

// Value is one value of a table. The zero Value is nothing: not known, or undefined such as a rate of nobody.
type Value struct {
	kind kind
	text string // of a word; the digits of an amount
	// A count, or what a rate is made of.
	count, of int64
	// An estimate with its interval, NaN where there is none, and what it rests on.
	value, low, high float64
	digits           int // after the point, at most
}

type kind int

const (
	nothing kind = iota
	word
	counted
	rated
	amounted
	estimated
)

// None is nothing.
func None() Value { return Value{} }

// Word is a text.
func Word(text string) Value { return Value{kind: word, text: text} }

// Count is a whole number.
func Count(n int64) Value { return Value{kind: counted, count: n} }

// CountOf is the whole number of a list's length.
func CountOf(n int) Value { return Count(int64(n)) }

// Money is an exact amount.
func Money(sum money.Sum) Value { return Value{kind: amounted, text: sum.String()} }

// Rate is a share of k among n, with its interval of 95 % by Wilson. Of n = 0 there is none, and both counts are shown all the same.
func Rate(k, n int64) Value { return Value{kind: rated, count: k, of: n} }

// Number is a number without an interval, rounded to digits after the point.
func Number(value float64, digits int) Value {
	return Value{kind: estimated, value: value, low: math.NaN(), high: math.NaN(), digits: digits}
}

// Estimate is a number with its interval of 95 % and what it rests on, rounded to digits after the point.
func Estimate(value, low, high float64, n int64, digits int) Value {
	return Value{kind: estimated, value: value, low: low, high: high, of: n, digits: digits}
}

// IsNone says whether there is no value.
func (v Value) IsNone() bool {
	return v.kind == nothing || v.kind == estimated && math.IsNaN(v.value) || v.kind == rated && v.of == 0
}

// Float is the value as a number; ok is false of texts and of nothing.
func (v Value) Float() (f float64, ok bool) {
	switch {
	case v.IsNone(), v.kind == word:
		return 0, false
	case v.kind == counted:
		return float64(v.count), true
	case v.kind == rated:
		return float64(v.count) / float64(v.of), true
	case v.kind == amounted:
		f, err := strconv.ParseFloat(v.text, 64)
		return f, err == nil
	}
	return v.value, true
}

// Counts gives what a rate is made of, or a count over 1.
func (v Value) Counts() (numerator, denominator int64) {
	if v.kind == counted {
		return v.count, 1
	}
	return v.count, v.of
}

// Interval gives the bounds of a rate or estimate; ok is false where there is none.
func (v Value) Interval() (low, high float64, ok bool) {
	switch {
	case v.IsNone():
		return 0, 0, false
	case v.kind == rated:
		low, high = stats.Wilson(v.count, v.of)
		return low, high, true
	}
	return v.low, v.high, v.kind == estimated && !math.IsNaN(v.low)
}

// String is the value for people, "" of nothing. Rates are rounded to four digits.
func (v Value) String() string {
	switch {
	case v.IsNone():
		return ""
	case v.kind == word, v.kind == amounted:
		return v.text
	case v.kind == counted:
		return strconv.FormatInt(v.count, 10)
	case v.kind == rated:
		return strconv.FormatFloat(float64(v.count)/float64(v.of), 'f', 4, 64)
	}
	return strconv.FormatFloat(v.value, 'f', v.digits, 64)
}

// MarshalJSON writes null, a text, a whole number, an amount as decimal text, {"numerator","denominator","value","low","high"} of a rate and
// {"value","low","high","n"} of an estimate, without what it has none of.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case nothing:
		return []byte("null"), nil
	case word, amounted:
		return json.Marshal(v.text)
	case counted:
		return strconv.AppendInt(nil, v.count, 10), nil
	}
	out := map[string]any{"value": nil}
	if f, ok := v.Float(); ok {
		out["value"] = v.rounded(f)
	}
	if low, high, ok := v.Interval(); ok {
		out["low"], out["high"] = v.rounded(low), v.rounded(high)
	}
	if v.kind == rated {
		out["numerator"], out["denominator"] = v.count, v.of
	} else if v.of > 0 {
		out["n"] = v.of
	}
	return json.Marshal(out)
}

// rounded is a number to its digits: 12 of a rate, so that floats of all machines read alike.
func (v Value) rounded(f float64) json.RawMessage {
	if math.IsInf(f, 0) {
		return json.RawMessage("null")
	}
	digits := v.digits
	if v.kind == rated {
		digits = 12
	}
	text := strconv.FormatFloat(f, 'f', digits, 64)
	short, _ := strconv.ParseFloat(text, 64)
	if short == 0 {
		return json.RawMessage("0") // never -0
	}
	return json.RawMessage(strconv.FormatFloat(short, 'f', -1, 64))
}

// MarshalJSON writes rows as objects by the names of the columns.
func (t Table) MarshalJSON() ([]byte, error) {
	rows := make([]map[string]Value, len(t.Rows))
	for i, values := range t.Rows {
		rows[i] = make(map[string]Value, len(values))
		for at, v := range values {
			rows[i][t.Columns[at].Name] = v
		}
	}
	return json.Marshal(struct {
		Name     string             `json:"name"`
		Sentence string             `json:"sentence"`
		Columns  []Column           `json:"columns"`
		Rows     []map[string]Value `json:"rows"`
	}{t.Name, t.Sentence, t.Columns, rows})
}
