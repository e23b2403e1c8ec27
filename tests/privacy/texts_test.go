package privacy_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
)

// texts writes every string and every byte slice that is in a value or can be reached from it, whatever its type and
// whether or not its fields are public: no store can hide from it.
func texts(values ...any) string {
	w := walker{seen: map[uintptr]bool{}}
	for _, v := range values {
		w.walk(reflect.ValueOf(v))
	}
	return w.out.String()
}

type walker struct {
	out  strings.Builder
	seen map[uintptr]bool
}

func (w *walker) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		fmt.Fprintln(&w.out, v.String())
	case reflect.Pointer:
		if v.IsNil() || w.seen[v.Pointer()] {
			return
		}
		w.seen[v.Pointer()] = true
		w.walk(v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.walk(v.Field(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			w.walk(key)
			w.walk(v.MapIndex(key))
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			var raw []byte
			for i := range v.Len() {
				raw = append(raw, byte(v.Index(i).Uint()))
			}
			fmt.Fprintf(&w.out, "%s\n", raw)
			return
		}
		for i := range v.Len() {
			w.walk(v.Index(i))
		}
	default: // numbers and functions hold no text
	}
}

// canary is what is sent in one position: it is found in a store if any of its texts is, in any of their forms.
type canary struct {
	email, phone, card, token, ip string
}

// canaryOf is the canary of a number below 10,000.
func canaryOf(n int) canary {
	return canary{
		email: fmt.Sprintf("canary%04d@leak.example", n), phone: fmt.Sprintf("+49151700%04d", n), card: card(n),
		token: fmt.Sprintf("sk_live_canary%04d0123456789", n), ip: fmt.Sprintf("203.%d.%d.77", n/250, n%250),
	}
}

// card is a number of 16 digits with Luhn's check digit.
func card(n int) string {
	digits := fmt.Sprintf("4%014d", n)
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}

// text has all of them, as somebody may type them.
func (c canary) text() string {
	return fmt.Sprintf("%s, %s, %s (%s)", c.email, c.phone, c.card, c.token)
}

// label has those that are found where long numbers are ids.
func (c canary) label() string { return c.email + " " + c.phone + " " + c.token }

// address has them in the parts of an address of a page.
func (c canary) address() string {
	escaped := strings.ReplaceAll(c.email, "@", "%40")
	twice := strings.ReplaceAll(c.email, "@", "%2540")
	return fmt.Sprintf("https://%s:%s@shop.example/u/%s/%s?q=%s&next=%%2Fx%%3Fm%%3D%s&phone=%s&card=%s&utm_term=%s#access_token=%s",
		escaped, c.token, c.email, c.token, escaped, twice, c.phone, c.card, escaped, c.token)
}

// foundIn says which of its texts stands in a text, in whatever form.
func (c canary) foundIn(text string) string {
	for _, one := range []string{c.email, c.phone, c.card, c.token, c.ip} {
		bare := strings.TrimPrefix(one, "+")
		for _, form := range []string{
			bare, strings.ReplaceAll(bare, "@", "%40"), strings.ReplaceAll(bare, "@", "%2540"), strings.ReplaceAll(bare, "@", `\u0040`),
			base64.StdEncoding.EncodeToString([]byte(one)),
		} {
			if strings.Contains(text, form) {
				return one
			}
		}
	}
	return ""
}
