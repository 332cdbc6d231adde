package dataset

import "strings"

// noun is a word for a being, a thing or a place.
type noun struct {
	singular, plural string
	pronoun          string // he, she or it
}

// verb is a verb in the forms that a sentence needs.
type verb struct {
	base, third, past, ing string // go, goes, went, going; "-" if nobody is doing it
}

// readNouns reads nouns separated by commas: "fox foxes it".
func readNouns(list string) []noun {
	var nouns []noun
	for entry := range strings.SplitSeq(list, ",") {
		f := strings.Fields(entry)
		nouns = append(nouns, noun{f[0], f[1], f[2]})
	}
	return nouns
}

// readVerbs reads verbs separated by commas: "go goes went going". A "_" inside
// a form is a blank.
func readVerbs(list string) []verb {
	var verbs []verb
	for entry := range strings.SplitSeq(list, ",") {
		f := strings.Fields(entry)
		for i := range f {
			f[i] = strings.ReplaceAll(f[i], "_", " ")
		}
		verbs = append(verbs, verb{f[0], f[1], f[2], f[3]})
	}
	return verbs
}

// readPhrases reads phrases separated by commas.
func readPhrases(list string) []string {
	phrases := strings.Split(list, ",")
	for i := range phrases {
		phrases[i] = strings.TrimSpace(phrases[i])
	}
	return phrases
}

// The words of sentences. Each person has one pronoun, so that a model can learn
// who is meant.
var (
	names = readNouns(`Anna - she, Ben - he, Clara - she, David - he, Emma - she, Frank - he, Grace - she,
		Henry - he, Ida - she, Jack - he, Kate - she, Leo - he, Martha - she, Noah - he, Olive - she, Peter - he,
		Ruth - she, Samuel - he, Thomas - he, Ursula - she, Victor - he, Wendy - she, Xavier - he, Zoe - she`)

	persons = readNouns(`baker bakers she, farmer farmers he, sailor sailors he, teacher teachers she,
		doctor doctors she, miller millers he, painter painters she, king kings he, queen queens she,
		soldier soldiers he, hunter hunters he, shepherd shepherds he, gardener gardeners she, boy boys he,
		girl girls she, woman women she, man men he, merchant merchants he, fisherman fishermen he,
		judge judges she, thief thieves he, traveller travellers he, uncle uncles he, aunt aunts she`)

	animals = readNouns(`dog dogs it, cat cats it, horse horses it, fox foxes it, mouse mice it, goose geese it,
		sheep sheep it, wolf wolves it, bear bears it, crow crows it, donkey donkeys it, rabbit rabbits it,
		goat goats it, owl owls it, cow cows it, hen hens it`)

	things = readNouns(`apple apples it, basket baskets it, letter letters it, lantern lanterns it, box boxes it,
		key keys it, knife knives it, coat coats it, book books it, loaf loaves it, cup cups it, rope ropes it,
		coin coins it, hat hats it, ring rings it, map maps it, bell bells it, candle candles it, chair chairs it,
		drum drums it, blanket blankets it, ladder ladders it, bottle bottles it, shoe shoes it, leaf leaves it,
		stone stones it, violin violins it, umbrella umbrellas it, egg eggs it, pear pears it`)

	beingAdjectives = readPhrases(`old, young, tall, clever, tired, brave, kind, quiet, hungry, proud, lazy, happy, sad,
		angry, careful, honest, poor, rich, strong, weak, shy, thirsty, friendly, unhappy`)

	thingAdjectives = readPhrases(`small, large, red, blue, heavy, old, broken, golden, wooden, empty, new, clean, dirty,
		green, round, white, black, cheap, strange, yellow, beautiful, little`)

	// What beings do by themselves.
	restVerbs = readVerbs(`sleep sleeps slept sleeping, laugh laughs laughed laughing, sing sings sang singing,
		wait waits waited waiting, smile smiles smiled smiling, work works worked working, dance dances danced dancing,
		rest rests rested resting, play plays played playing, cry cries cried crying, stand stands stood standing,
		sit sits sat sitting, live lives lived living, eat eats ate eating, shout shouts shouted shouting,
		stay stays stayed staying`)

	// How they move to somewhere.
	moveVerbs = readVerbs(`go goes went going, walk walks walked walking, run runs ran running,
		return returns returned returning, hurry hurries hurried hurrying, come comes came coming,
		ride rides rode riding, travel travels travelled travelling`)

	// What they do to things.
	handleVerbs = readVerbs(`carry carries carried carrying, find finds found finding, hide hides hid hiding,
		lose loses lost losing, buy buys bought buying, sell sells sold selling, mend mends mended mending,
		clean cleans cleaned cleaning, break breaks broke breaking, steal steals stole stealing, keep keeps kept keeping,
		paint paints painted painting, open opens opened opening, take takes took taking, bring brings brought bringing,
		throw throws threw throwing, look_for looks_for looked_for looking_for, count counts counted counting,
		forget forgets forgot forgetting, need needs needed -`)

	// What they do to each other.
	meetVerbs = readVerbs(`see sees saw seeing, hear hears heard hearing, help helps helped helping,
		follow follows followed following, call calls called calling, meet meets met meeting, greet greets greeted greeting,
		watch watches watched watching, visit visits visited visiting, feed feeds fed feeding,
		talk_to talks_to talked_to talking_to, listen_to listens_to listened_to listening_to,
		laugh_at laughs_at laughed_at laughing_at, wait_for waits_for waited_for waiting_for,
		run_after runs_after ran_after running_after, look_at looks_at looked_at looking_at,
		love loves loved loving, thank thanks thanked thanking`)

	giveVerbs = readVerbs(`give gives gave giving, show shows showed showing, send sends sent sending,
		offer offers offered offering, lend lends lent lending`)

	// What is followed by "to" and a verb.
	wishVerbs = readVerbs(`want wants wanted -, try tries tried trying, begin begins began beginning,
		hope hopes hoped hoping, plan plans planned planning, refuse refuses refused refusing`)

	// What is followed by "that" and a clause.
	thinkVerbs = readVerbs(`think thinks thought thinking, know knows knew knowing, believe believes believed believing,
		remember remembers remembered remembering, dream dreams dreamt dreaming, notice notices noticed noticing`)

	sayVerbs = readVerbs(`say says said saying, answer answers answered answering, whisper whispers whispered whispering,
		reply replies replied replying`)
	askVerbs = readVerbs(`ask asks asked asking, want_to_know wants_to_know wanted_to_know -`)
	cryVerbs = readVerbs(`cry cries cried crying, shout shouts shouted shouting, call calls called calling`)

	have = verb{"have", "has", "had", "-"}
	be   = map[tense][2]string{past: {"was", "were"}, present: {"is", "are"}}

	places = readPhrases(`in the garden, at the market, by the river, on the hill, under the bridge, behind the mill,
		near the sea, in the kitchen, in the forest, at the harbour, on the road, in front of the church, at the window,
		under the old oak, in the tower, on the island, in the barn, at the well, beside the fire, in the village`)

	goals = readPhrases(`to the garden, to the market, to the river, into the forest, home, to the mill, across the bridge,
		to the harbour, into the village, up the hill, to the castle, down the road, into the barn, to the sea,
		to the school, back to the inn, out of the town`)

	adverbs = readPhrases(`slowly, quietly, often, again, together with the others, all day, alone, every night, happily,
		for a long time, very well, as usual, without a word, a little, in the rain`)

	pastTimes = readPhrases(`One evening, The next day, Last winter, Long ago, In the morning, After the storm, At noon,
		That night, An hour later, Before sunrise, On the third day, When the bell rang, At last, One quiet Friday`)

	presentTimes = readPhrases(`Every morning, On Sundays, In winter, Now and then, At night, In summer, Today, Before dinner,
		After school, When it rains, At the end of the week, Every year, Just now, Most of the time`)
)
