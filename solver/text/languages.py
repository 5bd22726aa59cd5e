"""How an answer is announced, in the languages that models write."""

ANSWER_WORDS = (
    "answer", "answers", "ans", "correct option", "correct choice", "right option", "right choice", "best option",
    "antwort", "lösung", "réponse", "reponse", "respuesta", "resposta", "risposta",
    "soluzione", "antwoord", "svaret", "svar", "trả lời",
    "vastaus", "odpowiedź", "odpověď", "odpoveď", "ответ", "відповідь", "cevap", "yanıt",
    "răspuns", "válasz", "jawaban", "đáp án", "đáp số", "câu trả lời", "απάντηση", "תשובה", "الإجابة", "الجواب",
    "پاسخ", "उत्तर", "คำตอบ", "정답", "답변", "답", "отговор", "одговор", "odgovor", "atsakymas", "atbilde", "vastus",
    "jawapan", "sagot", "jibu", "উত্তর", "பதில்", "సమాధానం", "جواب", "պատասխան", "პასუხი", "përgjigja", "erantzuna",
)  # fmt: skip
"""Each may stand behind a word for “final”."""

RESULT_WORDS = (
    "result", "solution", "conclusion", "ergebnis", "résultat", "resultado", "risultato", "resultaat", "wynik",
    "результат", "resultat", "tulos", "výsledek", "výsledok", "eredmény", "sonuç", "kết quả", "rezultat", "rezultatas",
)  # fmt: skip
"""These head parts of a reply as well: they announce an answer on its last line alone."""

CJK_ANSWER_WORDS = (
    "최종 답", "정답", "해답", "답", "最终答案", "最終答案", "最終的な答え", "最終回答", "答案", "答", "答え", "解答",
    "回答",
)  # fmt: skip
"""Chinese and Japanese set no spaces, and Korean none behind them, so that anything may stand around them."""

FINAL_WORDS = (
    "final", "correct", "endgültige", "finale", "finala", "окончательный", "итоговый", "правильный", "son", "최종",
    "ostateczna", "konečná", "végső", "финальный", "кінцева", "остаточна", "nihai", "lopullinen", "endelig", "endelige",
    "slutgiltigt", "definitieve", "τελική", "правильна", "richtige", "korrekte", "exact",
    "numerical", "numeric", "eind", "uiteindelijke", "slutligt",
)  # fmt: skip

IS_WORDS = (
    "is", "are", "would be", "must be", "should be", "equals", "ist", "lautet", "est", "es", "é", "è", "jest", "je", "är",
    "er", "on", "это", "є", "равен", "равна", "равно",
)  # fmt: skip
CJK_IS_WORDS = ("是", "为", "為", "は", "은", "는", "应该是", "应为", "應為", "应是", "就是", "即为")

LEAD_WORDS = frozenset(
    """
    a an and answer are conclude conclusion correct corrected das die der daher donc e el en es est et exact final finally
    finale your i that think believe guess required desired requested sought bonne bon juste correcte correcta correta
    gives have hence here il in is la le mi my now numerical o onze our overall par resposta so somit step sum summary
    revised updated new simplified single the their then therefore this thus to total un une we y also get ergo short all
    actually but no wait yes het de il lo los las les der den det ainsi donc portanto entonces quindi dus så
    best поэтому следовательно значит таким образом итак
    """.split()  # noqa: SIM905  # a list of words reads best as text
)
"""What may stand before the word on its line, or in its sentence."""

NOT_VALUES = frozenset(
    """
    above absurd as available based below clear clearly computed correct derived determined easy evident expected
    explained expressed follows found given good hard helpful here hidden impossible in incorrect indeed irrelevant
    just left like likely missing never no not now obtained obvious of only plausible possible possibly presented
    probably provided reached reasonable right shown simple simply still supposed sure that then there therefore this
    trivial unclear uncertain unique unknown unlikely unsupported valid verified what where which wrong yet
    """.split()  # noqa: SIM905  # likewise
)
"""What follows “the answer is” in sentences that name no answer."""
