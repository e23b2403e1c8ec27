package bill

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"
)

// Prices is a dated price list.
type Prices struct {
	Date   string // of the list, YYYY-MM-DD
	Region string
	Source string
	each   map[string]*big.Rat // dollars of one unit, by name
	rows   []Price
}

// Price is one row of a list: so many dollars for so many units.
type Price struct {
	Name    string `yaml:"name"`
	What    string `yaml:"what"`
	Dollars string `yaml:"dollars"`
	Per     string `yaml:"per"`
}

// ParsePrices reads a price list. It must name its date and source and have each price that Units asks for, once and
// above zero.
func ParsePrices(file []byte) (Prices, error) {
	var list struct {
		Date   string  `yaml:"date"`
		Region string  `yaml:"region"`
		Source string  `yaml:"source"`
		Prices []Price `yaml:"prices"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil {
		return Prices{}, fmt.Errorf("read price list: %w", err)
	}
	p := Prices{Date: list.Date, Region: list.Region, Source: list.Source, each: map[string]*big.Rat{}, rows: list.Prices}
	var errs []error
	if _, err := time.Parse(time.DateOnly, list.Date); err != nil {
		errs = append(errs, fmt.Errorf("the date of the price list is not YYYY-MM-DD: %q", list.Date))
	}
	if list.Region == "" || list.Source == "" {
		errs = append(errs, errors.New("the price list names no region or no source"))
	}
	for _, row := range list.Prices {
		errs = append(errs, p.add(row))
	}
	for _, unit := range Units() {
		if p.each[unit.Price] == nil {
			errs = append(errs, fmt.Errorf("the price list has no %s", unit.Price))
		}
	}
	return p, errors.Join(errs...)
}

func (p Prices) add(row Price) error {
	if p.each[row.Name] != nil {
		return fmt.Errorf("the price %s is there twice", row.Name)
	}
	dollars, per := number(row.Dollars), number(row.Per)
	if dollars.Sign() <= 0 || per.Sign() <= 0 {
		return fmt.Errorf("the price %s is not a number of dollars above 0 per a number above 0: %q per %q", row.Name,
			row.Dollars, row.Per)
	}
	p.each[row.Name] = dollars.Quo(dollars, per)
	return nil
}

// decimalForm bounds what is read: an exponent could ask for a number of a billion digits.
var decimalForm = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,15})?$`)

// number reads a decimal number; what is none is 0.
func number(text string) *big.Rat {
	r := new(big.Rat)
	if decimalForm.MatchString(text) {
		r.SetString(text)
	}
	return r
}

// Rows are the prices as they stand in the file.
func (p Prices) Rows() []Price { return p.rows }

// Dollars is what a usage costs. Kinds that are not in Units cost nothing, for no ledger of ours has them.
func (p Prices) Dollars(u Usage) *big.Rat {
	sum := new(big.Rat)
	for line, parts := range u {
		unit, known := UnitOf(line.Kind)
		if !known {
			continue
		}
		part := new(big.Rat).Mul(parts, p.each[unit.Price])
		sum.Add(sum, part.Mul(part, big.NewRat(1, unit.Parts)))
	}
	return sum
}
