package step_test

import (
	"reflect"
	"testing"

	"waymark/shared/domain/step"
)

// full is a row with something in every field.
func full() step.Row {
	var r step.Row
	fill(reflect.ValueOf(&r).Elem(), 1)
	return r
}

func fill(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n+i)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetInt(int64(n))
	}
}

// TestColumns holds that all columns together are the whole row, that each alone is a part of it, and that no two are the same part.
func TestColumns(t *testing.T) {
	if got := step.AllColumns.Only(full()); !reflect.DeepEqual(got, full()) {
		t.Errorf("all columns of a row are\n%+v", got)
	}
	bare := step.Columns(0).Only(full())
	if want := (step.Row{Person: "text", At: full().At, Type: "text"}); !reflect.DeepEqual(bare, want) {
		t.Errorf("a row without columns is %+v", bare)
	}
	seen := map[step.Columns]bool{}
	for _, c := range step.AllColumns.List() {
		found, ok := step.FindColumn(c.String())
		one := step.ColumnsOf(c).Only(full())
		if !ok || found != c || reflect.DeepEqual(one, bare) || seen[step.ColumnsOf(c)] {
			t.Errorf("%s reads as %+v", c, one)
		}
		seen[step.ColumnsOf(c)] = true
	}
	for _, c := range step.TextColumns() {
		r := step.Row{}
		*c.Text(&r) = "x"
		if got := *c.Text(&r); got != "x" || !c.IsText() {
			t.Errorf("%s keeps %q", c, got)
		}
		if other := (step.AllColumns &^ step.ColumnsOf(c)).Only(r); !reflect.DeepEqual(other, step.Row{}) {
			t.Errorf("the text of %s stands in another column too: %+v", c, other)
		}
	}
	money := step.ColumnsOf(step.OrderMoney).Only(full()).Order
	if money == nil || money.Kind != full().Order.Kind || money.Origin != (step.Origin{}) {
		t.Errorf("an order without its origin is %+v", money)
	}
}

func TestSaid(t *testing.T) {
	kept := map[string]string{"plan": "pro", "a\"b": "<é>", "seats": "3"}
	said := step.SaidOf(kept)
	if want := step.Said("{\"a\\\"b\":\"\\u003cé\\u003e\",\"plan\":\"pro\",\"seats\":\"3\"}"); said != want {
		t.Errorf("%s", said)
	}
	if !reflect.DeepEqual(said.All(), kept) || said.Property("plan") != "pro" || said.Property("a\"b") != "<é>" || said.Property("pro") != "" || said.Property("none") != "" {
		t.Errorf("%v", said.All())
	}
	if step.SaidOf(nil) != "" || step.Said("").All() != nil || step.Said("{").Property("plan") != "" {
		t.Error("nothing said is read as something")
	}
}

// TestProperty holds reading one property to reading all of them.
func TestProperty(t *testing.T) {
	texts := []string{"", "a", "\"", "\\", ",\"a\":\"", "a:", "{\"a\":", "é😀", "\u2028<", "x\\\"", "\xff"}
	for _, name := range texts {
		for _, other := range texts {
			for _, value := range texts {
				said := step.SaidOf(map[string]string{name: value, other: "o" + value})
				for key, want := range said.All() {
					if got := said.Property(key); got != want {
						t.Fatalf("%s of %s is %q, want %q", key, said, got, want)
					}
				}
			}
		}
	}
}
