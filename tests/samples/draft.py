"""A whole invented brief in English or French, with every kind of block: what the renderer is tested with."""

from __future__ import annotations

import json

from tasks.compose.draft import (
    About,
    Ask,
    Asks,
    Attachment,
    Block,
    BlockRow,
    Cell,
    Change,
    Changes,
    Claim,
    Draft,
    Figure,
    Grade,
    KeyNumber,
    KeyNumbers,
    Masthead,
    Multiple,
    Multiples,
    Prose,
    Row,
    Sheet,
    Table,
)
from tasks.draw import ChartData, Point, Series

LINK = "https://example.org/b/2026-04/town/"


class _Numbers:
    """Hands out claim ids in reading order and remembers what was printed."""

    def __init__(self, french: bool) -> None:
        self.french = french
        self.claims: list[Claim] = []

    def __call__(self, shown: str, figure: str = "sample_wait_weeks", place: str = "town") -> str:
        shown = shown.replace(".", ",").replace("%", "\u00a0%") if self.french else shown
        claim = Claim(f"c{len(self.claims) + 1}", shown, figure, place)
        self.claims.append(claim)
        return f'<span class="figure" id="{claim.id}">{shown}</span>'


def sample_draft(language: str = "en") -> Draft:
    """The same brief in `en` or `fr`; every number, name and place in it is invented."""
    french = language == "fr"
    number = _Numbers(french)
    say = _Words(french)
    weeks = number("14")
    title = say(
        f"One in nine Town Ward residents is a newcomer, and the wait for English classes reached {weeks} weeks",
        f"Un résident du quartier Town sur neuf est nouvellement arrivé, et l’attente atteint {weeks} semaines",
    )
    lede = say(
        "Newcomers now wait 14 weeks to start a funded English class, against a target of 6. Council can shorten the "
        "wait at low cost: by opening rooms, and by adding transit and child care to its funding requests.",
        "Il faut maintenant 14 semaines pour commencer un cours d’anglais financé, alors que la cible est de 6. Le "
        "Conseil peut réduire l’attente à peu de frais : ouvrir des salles et ajouter le transport à ses demandes.",
    )
    sheets = (_case(say, number), _evidence(say, number))
    masthead = Masthead(
        say("Otonabee Immigration Partnership", "Partenariat en immigration d’Otonabee"),
        say(
            "Policy brief 2026-04 · English classes · Version 1.0 · 22 November 2026",
            "Note 2026-04 · Cours d’anglais · Version 1.0 · 22 novembre 2026",
        ),
        say("For the Councillor, Town Ward", "Pour le conseiller, quartier Town"),
        say("Supports: Community Safety Plan, goal 3", "Appuie : Plan de sécurité communautaire, objectif 3"),
    )
    return Draft(
        name="sample-town",
        language=language,
        edition_date="2026-11-22",
        flags=("SAMPLE", "DRAFT"),
        masthead=masthead,
        title=title,
        lede=lede,
        sheets=sheets,
        footer=f"{masthead.organisation} · {masthead.serial}",
        words=_interface(say),
        claims=tuple(number.claims),
        attachments=_attachments(language, number.claims),
    )


class _Words:
    def __init__(self, french: bool) -> None:
        self.french = french

    def __call__(self, english: str, french: str) -> str:
        return french if self.french else english


def _interface(say: _Words) -> dict[str, str]:
    return {
        "page": say("Page", "Page"),
        "files": say("Files of this brief", "Fichiers de cette note"),
        "flag_sample": say(
            "SAMPLE. Every number, name and place on these pages is invented. Not for use.",
            "EXEMPLE. Tous les chiffres, noms et lieux de ces pages sont inventés. Ne pas utiliser.",
        ),
        "flag_draft": say("DRAFT. Not approved for release.", "ÉBAUCHE. Diffusion non approuvée."),
    }


def _attachments(language: str, claims: list[Claim]) -> tuple[Attachment, ...]:
    rows = "".join(f'{c.id},"{c.shown}",{c.figure},{c.place}\n' for c in claims)
    record = json.dumps({"language": language, "snapshots": ["0" * 64]}, indent=1, sort_keys=True)
    return (
        Attachment(f"sample-town.{language}.json", "Where each number comes from", record + "\n", "Source"),
        Attachment(f"sample-town.{language}.csv", "The numbers of this brief", "id,shown,figure,place\n" + rows, "Data"),
    )


def _case(say: _Words, number: _Numbers) -> Sheet:
    keys = KeyNumbers(
        (
            KeyNumber(
                number("11%", "sample_newcomer_percent"),
                "",
                say("of Town Ward residents arrived since 2021", "des résidents du quartier sont arrivés depuis 2021"),
                say("Whole city: ", "Toute la ville : ") + number("8%", "sample_newcomer_percent", "city"),
            ),
            KeyNumber(
                number("14"),
                say("weeks", "semaines"),
                say("median wait for an English class", "d’attente médiane pour un cours d’anglais"),
                say("Target: 6 weeks. A year ago: ", "Cible : 6 semaines. Il y a un an : ") + number("7"),
                worse=True,
            ),
            KeyNumber(
                number("310", "sample_waiting_list"),
                say("people", "personnes"),
                say("on the waiting list in September", "sur la liste d’attente en septembre"),
                say("Up ", "En hausse de ") + number("45", "sample_waiting_list") + say(" since April", " depuis avril"),
                worse=True,
            ),
        )
    )
    main: tuple[Block, ...] = (_waits(say, number), _why(say))
    return Sheet(
        (
            BlockRow("full", ((keys,),)),
            BlockRow("main-side", (main, (_asks(say),))),
            BlockRow("full", ((_levels(say, number),),)),
        )
    )


def _points(values: tuple[float | None, ...], french: bool = False) -> tuple[Point, ...]:
    points = []
    for index, value in enumerate(values):
        quarter = ("Jan.", "Apr.", "July", "Oct.") if not french else ("janv.", "avril", "juill.", "oct.")
        period = f"{quarter[index % 4]} {2023 + index // 4}"
        shown = "--" if value is None else f"{value:g}"
        points.append(Point(period, value, shown.replace(".", ",") if french else shown))
    return tuple(points)


def _waits(say: _Words, number: _Numbers) -> Figure:
    town = (5.0, 5.0, 5.5, 6.0, 6.0, 6.5, 7.0, None, 7.5, 7.0, 8.0, 9.0, 11.0, 12.5, 14.0)
    city = (5.0, 5.0, 5.0, 5.5, 5.5, 6.3, 6.4, 6.5, 6.8, 7.0, 7.2, 7.5, 8.0, 8.5, 9.0)
    chart = ChartData(
        "trend",
        (
            Series(say("Town Ward", "Quartier Town"), _points(town, say.french), focus=True),
            Series(say("City", "Ville"), _points(city, say.french)),
        ),
        say(
            "Line chart. The wait in Town Ward rose from 5 weeks in 2023 to 14 in 2026; the city rose from 5 to 9.",
            "Graphique linéaire. L’attente est passée de 5 semaines en 2023 à 14 en 2026; dans la ville, de 5 à 9.",
        ),
        target=6.0,
        target_label=say("Target: 6 weeks", "Cible : 6 semaines"),
    )
    return Figure(
        say("Waits passed the 6-week target in 2024 and kept rising", "L’attente dépasse la cible depuis 2024"),
        say("Median weeks from assessment to first class, quarterly", "Semaines (médiane) avant le premier cours"),
        chart,
        say("Source: sample intake records to 30 September 2026. ", "Source : registres fictifs au 30 septembre 2026. ")
        + "-- = "
        + say("hidden (privacy). Town Ward now: ", "masqué (vie privée). Quartier Town : ")
        + number("14"),
    )


def _why(say: _Words) -> Prose:
    return Prose(
        say("Why it matters", "Pourquoi c’est important"),
        (
            say(
                "People who start English classes within two months of arriving find work in their field sooner. Each "
                "extra month of waiting costs a family income, and costs local employers workers they tried to hire.",
                "Les personnes qui commencent un cours dans les deux mois suivant leur arrivée trouvent plus vite un "
                "emploi dans leur domaine. Chaque mois d’attente coûte un revenu à une famille.",
            ),
            say(
                "Two things keep people out: <strong>no evening class</strong> within a bus ride, and no child care.",
                "Deux obstacles dominent : <strong>pas de cours du soir</strong> accessible en autobus, et pas de "
                "garde d’enfants pendant les cours.",
            ),
        ),
    )


def _asks(say: _Words) -> Asks:
    return Asks(
        say("What we ask of Council", "Ce que nous demandons au Conseil"),
        (
            Ask(
                say("Open two rooms at the library on weekday evenings.", "Ouvrir deux salles à la bibliothèque."),
                say("Motion by January 2027 · no new cost", "Motion d’ici janvier 2027 · sans coût nouveau"),
            ),
            Ask(
                say("Put newcomer transit access in the Official Plan.", "Inscrire l’accès au transport dans le Plan."),
                say("Planning committee · spring 2027", "Comité d’urbanisme · printemps 2027"),
            ),
            Ask(
                say("Back our request for child-care places during classes.", "Appuyer notre demande de places."),
                say("Letter of support · by 15 December", "Lettre d’appui · d’ici le 15 décembre"),
            ),
        ),
        say("Questions? Partnership office. Data and sources:", "Des questions? Bureau du partenariat. Données :"),
        LINK + say("en", "fr"),
        "example.org/b/2026-04/town/" + say("en", "fr"),
    )


def _levels(say: _Words, number: _Numbers) -> Multiples:
    shapes: tuple[tuple[str, str, tuple[float | None, ...]], ...] = (
        ("Literacy", "Alphabétisation", (6.0, 6.5, 7.5, 9.0, 10.0, 12.5, 14.0, 18.0)),
        ("Levels 1 to 3", "Niveaux 1 à 3", (5.0, 5.5, 6.0, 7.0, 8.0, 9.0, 10.5, 13.0)),
        ("Levels 4 to 5", "Niveaux 4 et 5", (4.0, 4.5, None, 5.5, 6.0, 6.5, 7.0, 8.0)),
        ("Levels 6 to 8", "Niveaux 6 à 8", (3.0, 3.0, 3.5, 4.0, 4.0, 4.5, 5.0, 5.0)),
    )
    items = tuple(
        Multiple(
            number(f"{values[-1]:g}"),
            say(english, french),
            ChartData(
                "multiple",
                (Series(say(english, french), _points(values, say.french), focus=True),),
                say(f"{english}: the last value is {values[-1]:g} weeks.", f"{french} : {values[-1]:g} semaines."),
                target=6.0,
                top=20.0,
            ),
        )
        for english, french, values in shapes
    )
    return Multiples(
        say("Beginners wait longest", "Les débutants attendent le plus"),
        say("Weeks by class level, same scale. Dashed: 6-week target", "Semaines par niveau, même échelle"),
        items,
    )


def _evidence(say: _Words, number: _Numbers) -> Sheet:
    return Sheet(
        (
            BlockRow("main-side", ((_wards(say, number),), (_plans(say),))),
            BlockRow("halves", ((_jobs(say),), (_changes(say, number),))),
            BlockRow("full", ((_belongs(say),),)),
            BlockRow("full", ((_about(say),),)),
        )
    )


def _wards(say: _Words, number: _Numbers) -> Table:
    hidden = say("hidden (privacy)", "masqué (vie privée)")
    given = (
        ("Town", "11%", 1.0, "14", "+3"),
        ("Northcrest", "10%", 0.91, "10", "+1"),
        ("Monaghan", "7%", 0.64, "8", "0"),
        ("Ashburnham", "6%", 0.55, "7", "\u22121"),
        ("Otonabee", "--", None, "9", "+1"),
        ("Lakefield", "--", None, "8", "0"),
        (say("City", "Ville"), "8%", 0.73, "9", "+1"),
    )
    rows = tuple(
        Row(
            (
                Cell(name),
                Cell(
                    share if bar is None else number(share, place=name.lower()),
                    True,
                    bar,
                    hidden if bar is None else "",
                ),
                Cell(number(wait, place=name.lower()), True),
                Cell(number(change, place=name.lower()), True),
            ),
            focus=name == "Town",
            rule=name in ("City", "Ville"),
        )
        for name, share, bar, wait, change in given
    )
    return Table(
        say("Town Ward has the highest share of newcomers", "Le quartier Town compte le plus d’arrivants"),
        say("Residents who arrived since 2021, and the wait for classes", "Arrivés depuis 2021, et l’attente"),
        (
            say("Ward", "Quartier"),
            say("Newcomers, % of residents", "Nouveaux arrivants, % des résidents"),
            say("Wait, weeks", "Attente, semaines"),
            say("Since April", "Depuis avril"),
        ),
        rows,
        say("-- = hidden because too few people", "-- = masqué, trop peu de personnes"),
    )


def _plans(say: _Words) -> Prose:
    return Prose(
        say("Where it is felt", "Où cela se voit"),
        (
            say(
                "Half of the people waiting live within one bus ride of the library.",
                "La moitié des personnes en attente vivent à un trajet d’autobus de la bibliothèque.",
            ),
            say(
                "The settlement agency calls this <em>the missing evening</em>.",
                'L’organisme parle de <em>la soirée manquante</em> (<bdi lang="en">the missing evening</bdi>).',
            ),
        ),
    )


def _jobs(say: _Words) -> Figure:
    values = ((58.0, 55.0, 61.0), (61.0, 58.0, 64.0), (None, None, None), (66.0, 63.0, 69.0), (69.0, 66.0, 72.0))
    points = tuple(
        Point(str(2021 + i), value, "--" if value is None else f"{value:.0f}", low, up) for i, (value, low, up) in enumerate(values)
    )
    chart = ChartData(
        "columns",
        (Series(say("Newcomers", "Nouveaux arrivants"), points, focus=True),),
        say("Bar chart. The rate rose from 58 in 2021 to 69 in 2025; 2023 is hidden.", "Barres. De 58 à 69."),
        target=75.0,
        target_label=say("City: 75", "Ville : 75"),
    )
    return Figure(
        say("The job gap is closing", "L’écart d’emploi se réduit"),
        say("Employment rate, ages 25 to 54, %, with its margin", "Taux d’emploi, 25 à 54 ans, %, avec marge"),
        chart,
        say("Source: sample survey. -- = too uncertain to publish.", "Source : enquête fictive. -- = trop incertain."),
    )


def _changes(say: _Words, number: _Numbers) -> Changes:
    wait = f"{number('11')} {say('to', 'à')} {number('14')}"
    return Changes(
        say("What changed since the last brief", "Ce qui a changé depuis la dernière note"),
        say("Compared with brief 2026-02, 30 April 2026", "Par rapport à la note 2026-02 du 30 avril 2026"),
        (
            Change(
                say(f"Wait: {wait} weeks.", f"Attente : {wait} semaines."),
                say("Two classes closed in June.", "Deux cours ont fermé en juin."),
            ),
            Change(
                say("Job gap: first time shown.", "Écart d’emploi : nouveauté."),
                say("New comparison with Canadian-born residents.", "Nouvelle comparaison."),
            ),
            Change(
                say("Correction:", "Correction :"),
                say("the April share for Monaghan was revised by its source.", "la part de Monaghan a été révisée."),
            ),
            Change(
                say("Council action:", "Décision du Conseil :"),
                say("evening bus pilot approved on 8 June. Effect not yet visible.", "autobus du soir approuvé."),
            ),
        ),
    )


def _belongs(say: _Words) -> Table:
    given = (
        ("Official Plan update", "Spring 2027", "Name newcomers in the transit access policy"),
        ("Community Safety and Well-being Plan", "Annual review, March 2027", "Share the 6-week wait as a measure"),
        ("Age-friendly Plan", "Renewal, fall 2027", "Count older newcomers in the service map"),
    )
    french = (
        ("Mise à jour du Plan officiel", "Printemps 2027", "Nommer les nouveaux arrivants dans la politique"),
        ("Plan de sécurité communautaire", "Examen annuel, mars 2027", "Ajouter l’attente de 6 semaines"),
        ("Plan pour les aînés", "Renouvellement, automne 2027", "Compter les aînés nouvellement arrivés"),
    )
    return Table(
        say("Where this belongs in municipal plans", "La place de ce sujet dans les plans municipaux"),
        say("Plans now open for change, and the wording we propose", "Plans ouverts, et le texte que nous proposons"),
        (say("Plan", "Plan"), say("Next decision", "Décision"), say("What we propose", "Notre proposition")),
        tuple(Row(tuple(Cell(text) for text in row)) for row in (french if say.french else given)),
    )


def _about(say: _Words) -> About:
    return About(
        say("About these numbers", "À propos des chiffres"),
        (
            say("Measure", "Mesure"),
            say("Source", "Source"),
            say("Period", "Période"),
            say("How sure are we?", "Quelle certitude?"),
        ),
        (
            Grade(
                say("Newcomer share", "Part des arrivants"),
                say("Sample census table", "Tableau fictif"),
                "2021",
                "B",
                say("Good: modelled since 2021", "Bonne : modélisée depuis 2021"),
            ),
            Grade(
                say("Wait and waiting list", "Attente et liste"),
                say("Sample intake records", "Registres fictifs"),
                say("to 30 September 2026", "au 30 septembre 2026"),
                "A",
                say("Complete count", "Dénombrement complet"),
            ),
            Grade(
                say("Employment rate", "Taux d’emploi"),
                say("Sample survey", "Enquête fictive"),
                say("2021 to 2025", "2021 à 2025"),
                "C",
                say("Use with care: a sample", "À utiliser avec soin : échantillon"),
            ),
        ),
        (
            say(
                "-- = hidden because too few people, or too uncertain. Counts are rounded, so parts may not add up. "
                "Red marks a result worse than the target or than last time; the words say so too.",
                "-- = masqué, trop peu de personnes ou trop incertain. Les nombres sont arrondis. Le rouge marque "
                "un résultat moins bon que la cible ou que la dernière fois; les mots le disent aussi.",
            ),
            say(
                "Approved by the Coordinating Committee, 21 November 2026. The data are attached.",
                "Approuvé par le comité, le 21 novembre 2026. Les données sont jointes.",
            ),
        ),
    )
