// Package basket is which products are bought together, and when a person needs the next of one: co-purchase and refill. Orders count as package
// buyer says; of an order it reads the list of products that it keeps. Amounts play no part, so orders in all currencies count alike.
//
//	plan, err := basket.Analysis().Prepare(question) // or basket.Refill()
package basket

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

// columns are read by both analyses.
const columns = buyer.Columns | 1<<step.Properties

// order is one order with products.
type order struct {
	at       event.Millis
	products []string // distinct, sorted
}

// customer is a person with orders that stand.
type customer struct {
	person event.Identifier
	orders []order // with products
	bare   int     // without
}

// book is the customers of many lives.
type book struct {
	from, known event.Millis
	customers   []customer
}

// begin makes a book of orders in [from, known), of which nothing that happened later is known.
func begin(from, known event.Millis) func() *book {
	return func() *book { return &book{from: from, known: known} }
}

func (b *book) add(life []step.Row) {
	who, isBuyer := buyer.Of(life, b.known)
	if !isBuyer {
		return
	}
	c := customer{person: who.Person}
	for i := range who.Orders {
		o := &who.Orders[i]
		if _, stands := o.Value(buyer.Net, b.known); !stands || o.At < b.from {
			continue
		}
		if products := listed(o.Products); len(products) > 0 {
			c.orders = append(c.orders, order{o.At, products})
		} else {
			c.bare++
		}
	}
	if len(c.orders)+c.bare > 0 {
		b.customers = append(b.customers, c)
	}
}

// listed reads the list of products that an order keeps; what is no list has none.
func listed(text string) []string {
	if text == "" {
		return nil
	}
	var out []string
	if json.Unmarshal([]byte(text), &out) != nil {
		return nil
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(product string) bool { return product == "" })
}

func (b *book) join(part *book) {
	b.customers = append(b.customers, part.customers...)
	slices.SortFunc(b.customers, func(x, y customer) int { return cmp.Compare(x.person, y.person) })
}

// orders counts those with products and those without.
func (b *book) orders() (with, bare int) {
	for _, c := range b.customers {
		with, bare = with+len(c.orders), bare+c.bare
	}
	return with, bare
}

// leftOut says which orders could not be read.
func (b *book) leftOut() []string {
	with, bare := b.orders()
	return []string{fmt.Sprintf("%d orders list products and are read; %d list none and are left out.", with, bare)}
}
