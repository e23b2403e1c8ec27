package steps

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// reader fills one field of records from the column of its name, page by page. The general reader of parquet-go needs
// ten times as long.
type reader interface {
	columnName() string
	open(chunk parquet.ColumnChunk, rows int64)
	fill(records []record) error
}

// readers has one for each column.
func readers() []reader {
	text := func(name string, field func(*record) *string) reader {
		return &column[string]{name: name, field: field, decoder: texts}
	}
	whole := func(name string, field func(*record) *int64) reader {
		return &column[int64]{name: name, field: field, decoder: always(numbers64)}
	}
	small := func(name string, field func(*record) *int32) reader {
		return &column[int32]{name: name, field: field, decoder: always(numbers32)}
	}
	is := func(name string, field func(*record) *bool) reader {
		return &column[bool]{name: name, field: field, decoder: always(flags)}
	}
	return []reader{
		text("person", func(r *record) *string { return &r.Person }),
		whole("run", func(r *record) *int64 { return &r.Run }),
		small("position", func(r *record) *int32 { return &r.Position }),
		whole("time", func(r *record) *int64 { return &r.Time }),
		text("type", func(r *record) *string { return &r.Type }),
		text("identifier", func(r *record) *string { return &r.Identifier }),
		text("message_id", func(r *record) *string { return &r.MessageID }),
		text("source", func(r *record) *string { return &r.Source }),
		later(text("grade", func(r *record) *string { return &r.Grade })),
		text("event", func(r *record) *string { return &r.Event }),
		text("channel", func(r *record) *string { return &r.Channel }),
		text("campaign", func(r *record) *string { return &r.Campaign }),
		text("country", func(r *record) *string { return &r.Country }),
		text("device", func(r *record) *string { return &r.Device }),
		later(text("browser", func(r *record) *string { return &r.Browser })),
		later(text("os", func(r *record) *string { return &r.OS })),
		later(text("page", func(r *record) *string { return &r.Page })),
		later(text("properties", func(r *record) *string { return &r.Properties })),
		small("session", func(r *record) *int32 { return &r.Session }),
		is("session_start", func(r *record) *bool { return &r.SessionStart }),
		text("session_channel", func(r *record) *string { return &r.SessionChannel }),
		text("session_campaign", func(r *record) *string { return &r.SessionCampaign }),
		text("session_country", func(r *record) *string { return &r.SessionCountry }),
		later(whole("session_pages", func(r *record) *int64 { return &r.SessionPages })),
		later(whole("session_seconds", func(r *record) *int64 { return &r.SessionSeconds })),
		later(text("landing_page", func(r *record) *string { return &r.LandingPage })),
		later(text("referrer_host", func(r *record) *string { return &r.ReferrerHost })),
		later(text("referrer_source", func(r *record) *string { return &r.ReferrerSource })),
		later(text("referrer_medium", func(r *record) *string { return &r.ReferrerMedium })),
		later(text("search_term", func(r *record) *string { return &r.SearchTerm })),
		text("stage_before", func(r *record) *string { return &r.StageBefore }),
		text("stage", func(r *record) *string { return &r.Stage }),
		is("first_ever", func(r *record) *bool { return &r.FirstEver }),
		text("visitor", func(r *record) *string { return &r.Visitor }),
		text("first_channel", func(r *record) *string { return &r.FirstChannel }),
		text("first_month", func(r *record) *string { return &r.FirstMonth }),
		text("order_month", func(r *record) *string { return &r.OrderMonth }),
		nullable("order_id", func(r *record) **string { return &r.OrderID }, texts),
		nullable("order_event", func(r *record) **string { return &r.OrderEvent }, texts),
		nullable("amount", func(r *record) **int64 { return &r.Amount }, always(numbers64)),
		nullable("currency", func(r *record) **string { return &r.Currency }, texts),
		nullable("order_number", func(r *record) **int32 { return &r.OrderNumber }, always(numbers32)),
		nullable("order_channel", func(r *record) **string { return &r.OrderChannel }, texts),
		nullable("order_campaign", func(r *record) **string { return &r.OrderCampaign }, texts),
		nullable("order_source", func(r *record) **string { return &r.OrderSource }, texts),
		nullable("order_country", func(r *record) **string { return &r.OrderCountry }, texts),
		nullable("order_device", func(r *record) **string { return &r.OrderDevice }, texts),
		nullable("order_stage", func(r *record) **string { return &r.OrderStage }, texts),
		nullable("order_visitor", func(r *record) **string { return &r.OrderVisitor }, texts),
		later(nullable("order_landing_page", func(r *record) **string { return &r.OrderLandingPage }, texts)),
		later(nullable("order_referrer_host", func(r *record) **string { return &r.OrderReferrerHost }, texts)),
		later(nullable("order_browser", func(r *record) **string { return &r.OrderBrowser }, texts)),
		later(nullable("order_os", func(r *record) **string { return &r.OrderOS }, texts)),
		later(nullable("order_grade", func(r *record) **string { return &r.OrderGrade }, texts)),
	}
}

// newer is a column that came later: objects that were written before do not have it.
type newer struct{ reader }

func later(r reader) reader { return newer{r} }

func nullable[T any](name string, field func(*record) **T, present func() decode[T]) reader {
	return &column[*T]{name: name, field: field, decoder: optional(present)}
}

// decode gives the values of a page, appended to a slice.
type decode[T any] func(page parquet.Page, to []T) ([]T, error)

func always[T any](d decode[T]) func() decode[T] { return func() decode[T] { return d } }

// column reads one column, one row group after the other.
type column[T any] struct {
	name    string
	field   func(*record) *T
	decoder func() decode[T] // of a row group

	pages  parquet.Pages
	decode decode[T]
	left   int64 // values of the row group that are in no page read so far
	buffer []T
	values []T // of the page that is being read, those not given yet
}

func (c *column[T]) columnName() string { return c.name }

func (c *column[T]) open(chunk parquet.ColumnChunk, rows int64) {
	c.pages, c.decode, c.left, c.values = chunk.Pages(), c.decoder(), rows, nil
}

func (c *column[T]) fill(records []record) error {
	for len(records) > 0 {
		if len(c.values) == 0 {
			if err := c.readPage(); err != nil {
				return fmt.Errorf("column %s: %w", c.name, err)
			}
		}
		n := min(len(records), len(c.values))
		for i, value := range c.values[:n] {
			*c.field(&records[i]) = value
		}
		records, c.values = records[n:], c.values[n:]
	}
	return nil
}

var errCount = errors.New("it has fewer or more values than its row group")

// readPage reads the next page, and lets go of the column with its last one: many objects are open at a time.
func (c *column[T]) readPage() error {
	page, err := c.pages.ReadPage()
	if err == io.EOF {
		return errCount
	}
	if err != nil {
		return err
	}
	room := min(page.NumValues(), pageBytes/4) // most pages of ours have no more
	c.buffer, err = c.decode(page, slices.Grow(c.buffer[:0], int(room)))
	parquet.Release(page)
	c.values = c.buffer
	c.left -= int64(len(c.values))
	if err != nil || c.left > 0 {
		return err
	}
	if page, err = c.pages.ReadPage(); err != io.EOF || c.left < 0 {
		parquet.Release(page)
		return errCount
	}
	return c.pages.Close()
}

// texts decodes pages of text. The texts of the dictionary are copied once, those of a page without one together.
func texts() decode[string] {
	var copied []string
	return func(page parquet.Page, out []string) ([]string, error) {
		data := page.Data()
		dictionary := page.Dictionary()
		if dictionary == nil {
			bytes, offsets := data.ByteArray()
			all := string(bytes)
			for i := 1; i < len(offsets); i++ {
				out = append(out, all[offsets[i-1]:offsets[i]])
			}
			return out, nil
		}
		for i := len(copied); i < dictionary.Len(); i++ {
			copied = append(copied, string(dictionary.Index(int32(i)).ByteArray()))
		}
		for _, index := range data.Int32() {
			if uint(index) >= uint(len(copied)) {
				return out, fmt.Errorf("index %d into a dictionary of %d", index, len(copied))
			}
			out = append(out, copied[index])
		}
		return out, nil
	}
}

func numbers64(page parquet.Page, out []int64) ([]int64, error) {
	data := page.Data()
	return append(out, data.Int64()...), nil
}

func numbers32(page parquet.Page, out []int32) ([]int32, error) {
	data := page.Data()
	return append(out, data.Int32()...), nil
}

func flags(page parquet.Page, out []bool) ([]bool, error) {
	return read(page, out, parquet.Value.Boolean)
}

// optional decodes pages in which values may be missing, by what decodes those that are there: most rows are of no order, and have none.
func optional[T any](present func() decode[T]) func() decode[*T] {
	return func() decode[*T] {
		decode := present()
		return func(page parquet.Page, out []*T) ([]*T, error) {
			values, err := decode(page, nil)
			for _, level := range page.DefinitionLevels() {
				switch {
				case level == 0:
					out = append(out, nil)
				case len(values) == 0:
					return out, errCount
				default:
					out, values = append(out, &values[0]), values[1:]
				}
			}
			if err == nil && len(values) > 0 {
				err = errCount
			}
			return out, err
		}
	}
}

// read decodes any page, value by value.
func read[T any](page parquet.Page, out []T, get func(parquet.Value) T) ([]T, error) {
	var some [128]parquet.Value
	for values := page.Values(); ; {
		n, err := values.ReadValues(some[:])
		for _, v := range some[:n] {
			out = append(out, get(v))
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}
