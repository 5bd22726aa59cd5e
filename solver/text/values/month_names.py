"""The names of the months, in the languages that models write."""

_NAMES = """
january jan januar janvier enero gennaio janeiro januari januára styczeń stycznia января январь ocak leden ledna
february feb februar février fevrier febrero febbraio fevereiro februari luty lutego февраля февраль şubat únor února
march mar märz mars marzo março marco maart marzec marca марта март mart březen března
april apr avril abril aprile kwiecień kwietnia апреля апрель nisan duben dubna
may mai mayo maggio maio mei maj maja мая май mayıs květen května
june jun juni juin junio giugno junho czerwiec czerwca июня июнь haziran červen června
july jul juli juillet julio luglio julho lipiec lipca июля июль temmuz červenec července
august aug août aout agosto augustus augusti sierpień sierpnia августа август ağustos srpen srpna
september sep sept septembre septiembre settembre setembro wrzesień września сентября сентябрь eylül září
october oct oktober octobre octubre ottobre outubro październik października октября октябрь ekim říjen října okt
november nov novembre noviembre novembro listopad listopada ноября ноябрь kasım
december dec dezember décembre decembre diciembre dicembre dezembro grudzień grudnia декабря декабрь aralık prosinec
"""

MONTHS = {
    name: number
    for number, names in enumerate(_NAMES.strip().splitlines(), start=1)
    for name in names.split()
}
"""The number of a month by its name or usual short form, in small letters."""
