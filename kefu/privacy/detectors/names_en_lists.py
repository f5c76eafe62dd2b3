"""English words that are not names of people, and common first names, all in small letters."""

from __future__ import annotations

_COMMON = (
    "asap center centre company courier delivery express hotline logistics nobody nothing shop somebody store "
    "warehouse a about address after again all also an and any are as at available back bad been being both box "
    "boxes brand "
    "broken but by calling came can can't card change changed changes come correct could customer definitely did "
    "didn't different disappointed do does doesn't don't done each email even ever every field first for friday from "
    "get getting go going gone good got great had has have he hello her here hey hi him his how i if in incorrect "
    "into is isn't it its just know last late like looking made make many may me mine missing misspelled mobile "
    "monday more most much must my need never new no not now number of off ok okay old on one only or order ordered "
    "orders other our out over paid phone plate please pls really return ridiculous said same saturday see send sent "
    "service she shipped should since so some sorry spelled still such sunday support tag tags take team tel than "
    "thank thanks that the then there these they this those through thursday thx time to today tomorrow too trying "
    "tuesday two unacceptable under unknown until up us used user using very waiting want was we wednesday were what "
    "when where which while who why will with won't would wrong yes yesterday you your"
)
NO_NAMES = frozenset(_COMMON.split())
_FIRST_NAMES = (
    "aaron abigail adam adrian aidan alan albert alex alexander alexandra alice alicia alison allison amanda amber "
    "amy andrea andrew angela anita ann anna anne anthony antonio arthur ashley barbara ben benjamin beth betty "
    "beverly bob bobby bradley brandon brenda brian bruce bryan carl carlos carol caroline carolyn catherine charles "
    "charlotte cheryl chloe chris christian christina christine christopher cindy claire colin connor craig crystal "
    "cynthia daniel danielle david deborah debra denise dennis diana diane donald donna doris dorothy douglas dylan "
    "edward elaine eleanor elizabeth ella ellen emily emma eric ethan eugene eva evan evelyn fatima fiona frances "
    "francis frank gabriel gary george gerald gloria grace graham greg gregory hannah harold harry hassan heather "
    "helen henry howard ian isaac isabella jack jacob jacqueline jake james jamie jane janet janice jason jean jeff "
    "jeffrey jennifer jeremy jerry jesse jessica jim joan joe john johnny jonathan jose joseph joshua joyce juan "
    "judith judy julia julie justin karen kate katherine kathleen kathryn katie keith kelly kenneth kevin kim "
    "kimberly kyle larry laura lauren lawrence leah leo lewis liam lily linda lisa logan lori louis louise lucas lucy "
    "luke maria marie marilyn mark martha martin mary mason matthew megan mei melissa mia michael michelle miguel "
    "mike mohamed mohammed molly muhammad nancy natalie nathan neil nicholas nicole nina noah nora oliver olivia "
    "pamela patricia patrick paul paula pedro peter philip phillip priya rachel ralph raymond rebecca richard robert "
    "robin roger ronald roy russell ruth ryan samantha samuel sandra sara sarah scott sean sharon shirley simon "
    "sophia sophie stella stephanie stephen steve steven stuart susan tara teresa terry theresa thomas timothy tina "
    "todd tom tommy tony tracy tyler vanessa vera vincent virginia walter wayne wei wendy william xin yan yusuf "
    "zachary zoe"
)
FIRST = frozenset(_FIRST_NAMES.split())
