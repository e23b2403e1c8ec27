package sentiment

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the lexicon lies beside the code
	"io"
	"maps"
	"strconv"
	"strings"
	"sync"
)

// Lexicon is what is known of the words of a language. It never changes and may be used by several goroutines at once.
type Lexicon struct {
	words     map[string]float64 // valence of -4 to 4, in small letters
	boosters  map[string]float64 // what a word or phrase adds to the next word's valence; less than 0 dampens
	negations map[string]bool
	contrasts map[string]bool
	idioms    map[string]float64
	isEnglish bool // has the rules of English: "no", "never so", "without doubt", "least", n't
}

var (
	//go:embed vader_words.txt.gz
	packedWords []byte
	//go:embed vader_emoji.txt.gz
	packedEmoji []byte
)

// Most is how far a valence may be from 0.
const Most = 4

// English is VADER's lexicon: 7,488 words and emoticons, and 1,212 emoji by what they show.
func English() *Lexicon { return english() }

var english = sync.OnceValue(func() *Lexicon {
	x := &Lexicon{
		words: map[string]float64{}, boosters: map[string]float64{}, negations: map[string]bool{}, contrasts: map[string]bool{"but": true},
		idioms: map[string]float64{
			"the shit": 3, "the bomb": 3, "bad ass": 1.5, "badass": 1.5, "bus stop": 0, "yeah right": -2, "kiss of death": -1.5, "to die for": 3, "beating heart": 3.5,
		},
		isEnglish: true,
	}
	for word, valence := range unpack(packedWords) {
		x.words[word], _ = strconv.ParseFloat(valence, 64)
	}
	for word := range strings.SplitSeq(englishBoosters, ",") {
		x.boosters[word] = boost
	}
	for word := range strings.SplitSeq(englishDampeners, ",") {
		x.boosters[word] = -boost
	}
	for word := range strings.SplitSeq(englishNegations, ",") {
		x.negations[word] = true
	}
	return x
})

// firstEmoji is the least character that emoji has: ©.
const firstEmoji = '©'

// emoji describes emoji of one character in English.
var emoji = sync.OnceValue(func() map[rune]string {
	out := map[rune]string{}
	for symbol, description := range unpack(packedEmoji) {
		for _, r := range symbol {
			out[r] = description
		}
	}
	return out
})

// unpack reads lines of a word, a tab and what is said of it.
func unpack(packed []byte) map[string]string {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("sentiment: the embedded lexicon is no gzip: " + err.Error())
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic("sentiment: the embedded lexicon is broken: " + err.Error())
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		word, said, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		out[word] = said
	}
	return out
}

// spell writes emoji out, as the reference does: in English by what they show, else each as a word of its own.
func (x *Lexicon) spell(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= firstEmoji }) {
		return text
	}
	shown, isAfterSpace := emoji(), true
	var out strings.Builder
	for _, r := range text {
		description, found := shown[r]
		switch {
		case !found:
			out.WriteRune(r)
			isAfterSpace = r == ' '
			continue
		case !x.isEnglish:
			out.WriteString(" " + string(r) + " ")
			isAfterSpace = true
			continue
		case !isAfterSpace:
			out.WriteByte(' ')
		}
		out.WriteString(description)
		isAfterSpace = false
	}
	return out.String()
}

// ofEmoji is the valence of an emoji where the language's lexicon has none: that of the English words for what it shows.
func (x *Lexicon) ofEmoji(word string) (valence float64, found bool) {
	for _, r := range word {
		for said := range strings.FieldsSeq(emoji()[r]) {
			if v, isRated := English().words[said]; isRated {
				valence, found = valence+v, true
			}
		}
	}
	return valence, found
}

// with is the lexicon and what a workspace says of it.
func (x *Lexicon) with(more *Lexicon) *Lexicon {
	out := &Lexicon{
		words: maps.Clone(x.words), boosters: maps.Clone(x.boosters), negations: maps.Clone(x.negations), contrasts: maps.Clone(x.contrasts),
		idioms: maps.Clone(x.idioms), isEnglish: x.isEnglish,
	}
	maps.Copy(out.words, more.words)
	maps.Copy(out.boosters, more.boosters)
	maps.Copy(out.negations, more.negations)
	maps.Copy(out.contrasts, more.contrasts)
	maps.Copy(out.idioms, more.idioms)
	return out
}

// englishBoosters make the next word stronger.
const englishBoosters = "" +
	"absolutely,amazingly,awfully,completely,considerable,considerably,decidedly,deeply,effing,enormous," +
	"enormously,entirely,especially,exceptional,exceptionally,extreme,extremely,fabulously,flipping," +
	"flippin,frackin,fracking,fricking,frickin,frigging,friggin,fully,fuckin,fucking,fuggin,fugging," +
	"greatly,hella,highly,hugely,incredible,incredibly,intensely,major,majorly,more,most,particularly," +
	"purely,quite,really,remarkably,so,substantially,thoroughly,total,totally,tremendous,tremendously," +
	"uber,unbelievably,unusually,utter,utterly,very"

// englishDampeners make the next word weaker.
const englishDampeners = "" +
	"almost,barely,hardly,just enough,kind of,kinda,kindof,kind-of,less,little,marginal,marginally," +
	"occasional,occasionally,partly,scarce,scarcely,slight,slightly,somewhat,sort of,sorta,sortof,sort-of"

// englishNegations turn the next words round.
const englishNegations = "" +
	"aint,arent,cannot,cant,couldnt,darent,didnt,doesnt,ain't,aren't,can't,couldn't,daren't,didn't," +
	"doesn't,dont,hadnt,hasnt,havent,isnt,mightnt,mustnt,neither,don't,hadn't,hasn't,haven't,isn't," +
	"mightn't,mustn't,neednt,needn't,never,none,nope,nor,not,nothing,nowhere,oughtnt,shant,shouldnt,uhuh," +
	"wasnt,werent,oughtn't,shan't,shouldn't,uh-uh,wasn't,weren't,without,wont,wouldnt,won't,wouldn't," +
	"rarely,seldom,despite"
