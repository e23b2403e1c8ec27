package event_test

import (
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// fillersOf has a text in a line.
var fillersOf = map[event.Kind]string{
	event.User: `-
--
—
...
null
NULL
"null"
'null'
(null)
(NULL)
[null]
<null>
<nil>
«null»
“null”
undefined
"undefined"
None
NaN
nan
N/A
n.a.
(none)
(not set)
Not Set
not_provided
n.v.t.
keine
Keine Angabe
k.A. 
нет
なし
no
[object Object]
[Object object]
{}
[]
""
''
0
00
-1
0000-0000
00000000-0000-0000-0000-000000000000
FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF
xxx
XXXX
anonymous
Anonymous User
guest
unknown
user
user_id
User-ID
{{user_id}}
{{ user.id }}
{{{userId}}}
${userId}
${user.id}
#{user.id}
@{userId}
$(userId)
<%= user.id %>
{% user_id %}
[[user_id]]
*|UNIQID|*
%%user_id%%
%USERNAME%
{userId}
<user_id>
[USER ID]
$user_id
:user_id
@user_id
__USER_ID__
%(user_id)s`,
	event.Email: `-
keine
null@null.com
none@none.com
noemail@noemail.com
no-email@shop.example
No.Email@shop.example
noreply@shop.example
do-not-reply@shop.example
unknown@unknown.com
n/a@shop.example
test@gmail.com
example@example.com
ann
ann@
@shop.example
ann@shop
ann@.example
ann@shop.
ann@shop..example
ann smith@shop.example
{{email}}
*|EMAIL|*
${user.email}@shop.example
{{name}}@shop.example
(not set)`,
	event.Phone: `-
keine
12345
+49 30
0000000000
+000000000000
111-111-1111
9999999999
none
(555)
{{phone}}`,
	event.Device: `9774d56d682e549c
9774D56D682E549C
02:00:00:00:00:00
000000000000000
012345678912345
00000000-0000-0000-0000-000000000000
unknown`,
	event.Anonymous: `null
[object Object]
{{anonymousId}}
undefined`,
}

// TestFillers: what stands where an id should be and is none.
func TestFillers(t *testing.T) {
	t.Parallel()
	for kind, texts := range fillersOf {
		for text := range strings.SplitSeq(texts, "\n") {
			if id, err := event.NewIdentifier(kind, text); fault.CodeOf(err) != "blocked_identifier" {
				t.Errorf("%s %q is %q, %v, want blocked_identifier", kind, text, id, err)
			}
		}
	}
}

// TestNoFillers: ids that look a little like fillers and are somebody's.
func TestNoFillers(t *testing.T) {
	t.Parallel()
	for kind, texts := range map[event.Kind]string{
		event.User: `1
7
11
1111
100
a
null-7
nonell
user42
user-42
id:7
testing
guest-7f3a
anna
{3F2504E0-4F89-11D3-9A0C-0305E82C3301}
[42]
<7>
$kyle7
x
xavier
0x7f
00042
%41%42
@ann
no-1
-5`,
		event.Email: `ann@b.c
a.b+tag@sub.shop.example
info@firm.example
contact@firm.example
mail@firm.example
null7@shop.example
noel@shop.example
nona@shop.example
"odd name"@shop.example
ann@münchen.example
o'neil@shop.example`,
		event.Phone: `112233
+4420 7946 0958
(020) 7946-0958
0049 30 1234567
123456
100000`,
		event.Device:    `9774d56d682e549d`,
		event.Loyalty:   "7\n0815",
		event.Anonymous: "7f3a-uuid\n3f2504e0-4f89-11d3-9a0c-0305e82c3301",
	} {
		for text := range strings.SplitSeq(texts, "\n") {
			if id, err := event.NewIdentifier(kind, text); err != nil && !strings.Contains(text, `"odd name"`) {
				t.Errorf("%s %q is %q, %v, want an identifier", kind, text, id, err)
			}
		}
	}
}

// TestOneIdentifier: what looks the same is the same, and what is another letter is another.
func TestOneIdentifier(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       event.Kind
		text, want string
	}{
		{event.User, "a\u200bnn", "user:ann"},                              // ZERO WIDTH SPACE
		{event.User, "\ufeffann", "user:ann"},                              // byte order mark
		{event.User, "\u202aann\u202c", "user:ann"},                        // directions
		{event.User, "an\u00adn", "user:ann"},                              // soft hyphen
		{event.User, "2026\u20111", "user:2026-1"},                         // NON-BREAKING HYPHEN
		{event.User, "2026\u20131", "user:2026-1"},                         // EN DASH
		{event.User, "2026\u22121", "user:2026-1"},                         // MINUS
		{event.User, "１２３", "user:123"},                                    // full width
		{event.User, "Ann", "user:Ann"},                                    // case is kept
		{event.User, "Ångström ", "user:Ångström "},                        // and blanks
		{event.User, "Ａnn", "user:Ａnn"},                                    // and letters of full width
		{event.Loyalty, "12\u200d34", "loyalty:1234"},                      // ZERO WIDTH JOINER
		{event.Email, " Ann@Shop.Example\u200e", "email:ann@shop.example"}, // LEFT-TO-RIGHT MARK
		{event.Email, "ann＠shop.example", "email:ann@shop.example"},
		{event.Email, "İris@shop.example", "email:İris@shop.example"},
		{event.Email, "iris@shop.example", "email:iris@shop.example"},
		{event.Email, "\u212aarl@shop.example", "email:\u212aarl@shop.example"}, // KELVIN SIGN
		{event.Email, "ÄNNE@shop.example", "email:änne@shop.example"},
		{event.Phone, "+44 (20) 7946\u20110958", "phone:+442079460958"},
		{event.Phone, "＋４４２０７９４６０９５８", "phone:+442079460958"},
		{event.Phone, "٠٢٠٧٩٤٦٠٩٥٨", "phone:02079460958"},
	} {
		if id, err := event.NewIdentifier(c.kind, c.text); string(id) != c.want || err != nil {
			t.Errorf("%s %+q is %+q, %v, want %+q", c.kind, c.text, id, err, c.want)
		}
	}
}
