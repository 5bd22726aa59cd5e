"""The words by which people ask for a text, code or data, in ten languages, as parts of regular expressions.

English, German, French, Spanish, Italian, Portuguese, Dutch and Polish open a sentence with them; Japanese and Chinese
have them anywhere.
"""

POLITE = (
    r"\W{0,9}(?:(?:please|can you|could you|would you|will you|help me|let's|first|"
    r"i (?:want|need|would like)(?: you)?(?: to)?|i'd like(?: you)? to"
    r"|bitte|kannst du|könntest du|können sie|hilf mir|ich (?:möchte|brauche)"
    r"|s'il vous plaît|peux-tu|pouvez-vous|pourriez-vous|merci de|aide-moi à|por favor|puedes|podrías|ayúdame a"
    r"|necesito|per favore|puoi|potresti|aiutami a|pode|poderia|você pode|(?:me ajude|ajude-me) a|preciso de"
    r"|alsjeblieft|kun je|kunt u|proszę|czy możesz|pomóż mi),? ){0,3}"
    r"(?:(?:mir|uns|me|moi|mij|ons|mi) )?"
)
WRITE = (
    r"prove|disprove|show that|explain(?! your| how you)|write(?! down| out)|design|describe|discuss|draft"
    r"|outline|plan"
    r"|summari[sz]e|review|translate|rewrite|rephrase|proofread|argue|compare|contrast|analy[sz]e|assess|critique"
    r"|comment on|elaborate|compose|tell me (?:about|how|why|a)|teach|recommend|suggest|advise|propose|brainstorm"
    r"|interpret|justify(?! your)|derive"
    r"|schreibe?n?|verfass\w*|entwirf|formulier\w*|skizzier\w*|erklär\w*|erläuter\w*|beschreib\w*|begründ\w*"
    r"|beweis\w*|zeige?n?(?: sie)?,? dass|übersetz\w*|vergleich\w*|diskutier\w*|analysier\w*|plane|widerleg\w*"
    r"|fasse?\b.{0,200} zusammen"
    r"|écri(?:s|re|vez)|rédige\w*|explique\w*|décri(?:s|re|vez)|démontre\w*|prouve\w*|montre\w* que|tradui\w+"
    r"|compare\w*|résume\w*|analyse\w*|discute\w*|justifie\w*|propose\w*|raconte\w*|corrige\w*|reformule\w*"
    r"|escrib\w+|redact\w+|explica\w*|explique\w*|describ\w+|demuestr\w+|demostrar|prueba que|traduc\w+|traduzca"
    r"|compar[ae]\w*|resum\w+|analiza\w*|analice|discute|argumenta|justific\w+|planific\w+|diseñ\w+|propón\w*"
    r"|cuéntame|corrig\w+|reescrib\w+|recomiénda\w*"
    r"|scriv\w+|redigi|spieg\w+|descriv\w+|dimostr\w+|prova che|traduci\w*|confront\w+|riassum\w+|analizz\w+"
    r"|discuti|argomenta|giustifica|pianific\w+|progett\w+|proponi\w*|raccont\w+|correggi|riscriv\w+|consigliami"
    r"|escrev\w+|redij\w+|expli(?:que|ca)\w*|descrev\w+|demonstr\w+|prove que|traduz\w*|resum\w+|analis\w+|discuta"
    r"|argumente|justifique|planeje|planeie|projete|proponha|conte-me|corrij\w+|reescrev\w+|recomende"
    r"|schrijf|leg\b.{0,80}\buit|verklaar|beschrijf|bewijs|toon aan|vertaal|vergelijk|vat\b.{0,200}\bsamen"
    r"|analyseer|bespreek|beargumenteer|ontwerp|vertel|herschrijf"
    r"|napisz\w*|napisać|wyjaśni[jć]\w*|opisz\w*|udowodni[jć]\w*|wykaż|przetłumacz\w*|porównaj\w*|streść|podsumuj\w*"
    r"|przeanalizuj\w*|omów|uzasadnij|zaplanuj\w*|zaprojektuj|zaproponuj|opowiedz|popraw|wytłumacz\w*|poradź"
)
WRITES_OUT = (
    r"(?:re)?write|draft|compose|design|translate|schreib|verfass|entwirf|übersetz|écri|rédige|tradui|escrib"
    r"|redact|diseñ"
    r"|traduc|scriv|redigi|progett|riscriv|escrev|redij|projete|traduz|schrijf|ontwerp|vertaal|napisz|zaprojektuj"
    r"|przetłumacz"
)
"""Of the verbs that ask for a text those that may ask for code or data as well."""
MAKE = (
    r"make|create|give|build|implement|develop|code|provide|complete|generate|fix|debug|refactor|optimi[sz]e|port"
    r"|convert|prepare|set up|return|output|produce|compile|extract|list|put|parse|i need|how (?:do|can|would) i \w+"
    r"|reverse|format"
    r"|(?:er)?stell\w*|mach\w*|gib|gebt|geben|generier\w*|erzeug\w*|programmier\w*|implementier\w*|bau\w*"
    r"|wandle|extrahier\w*"
    r"|liste|reparier\w*"
    r"|fai(?:s|tes|re)(?:-moi)?|crée\w*|donne\w*(?:-moi)?|génère\w*|établi\w*|dresse\w*|prépare\w*|programme"
    r"|implémente|convertis|extrais|liste"
    r"|haz\w*|hag\w+|crea\w*|cree|dame|da|genera\w*|prepara\w*|elabora\w*|programa|implementa|convierte|extrae|lista"
    r"|fa(?:i|mmi|te|re)?|dammi|costruisci|converti|estrai|elenca"
    r"|faça|faz(?:er)?|crie|dê(?:-me)?|me dê|gere|prepare|elabore|monte|programe|implemente|converta|extraia|liste"
    r"|maak|geef|creëer|genereer|bouw|programmeer|implementeer|zet|haal"
    r"|zrób|stwórz|utwórz|daj|podaj|wygeneruj|przygotuj|sporządź|zbuduj|zaprogramuj|zaimplementuj|ułóż|przekształć"
)
LANGUAGES = (
    r"python|javascript|typescript|java|c\+\+|c#|golang|go|rust|ruby|php|kotlin|swift|scala|haskell|lua|perl"
    r"|bash|shell"
    r"|sql|html|css|react|matlab|julia|powershell|excel|vba|latex|regex"
)
CODE_NOUNS = (
    r"function|program|script|class|method|module|code|algorithm|(?:sql )?query|regex|regexp|regular expression"
    r"|unit tests?|cli|parser|web ?page|decorator|(?:excel |spreadsheet )formula|dockerfile|makefile|one-liner"
    r"|workflow|component"
    r"|funktion|programm, das|skript|(?:sql-?)?abfrage|regulär\w+ ausdruck|algorithmus|code"
    r"|fonction|programme qui|requête sql|expression régulière|algorithme"
    r"|función|programa que|consulta sql|expresión regular|algoritmo|funzione|programma che|espressione regolare"
    r"|função|expressão regular|functie|programma dat|reguliere expressie|algoritme"
    r"|funkcj[aęi]|program, który|skrypt|zapytanie sql|wyrażenie regularne|algorytm"
    rf"|(?:in|en|em|w) (?:c|r)(?=[ .,]|$)|(?:python|pyth|javascript|java)\w*|{LANGUAGES}"
)
DATA_NOUNS = (
    r"(?:json|csv|xml)-datei|json|csv|tsv|yaml|xml|spreadsheet"
    r"|table(?! of contents| for (?:\w+ )?(?:people|persons|guests))|tabelle"
    r"|tableau|tabla"
    r"|tabella|tabela|tabel|tabelę|tabelkę|arkusz"
)
TEXT_NOUNS = (
    r"(?:[\w-]+-)?plans?|schedule|itinerary|outline|summary|letter|e-?mail|message|story|poem|haiku|song"
    r"|recipe|guide|report"
    r"|overview|explanation|introduction|speech|curriculum|agenda|essay|article|post|review|description"
    r"|documentation|paragraph"
    r"|paragraphs|sentences|proof|arguments?|ideas|tips|reasons|advice|suggestions|recommendations|feedback"
    r"|table of contents"
    r"|rezept|überblick|zusammenfassung|ideen|tipps|argumente|gedicht|brief|vorschläge|beweis"
    r"|résumé|recette|conseils|idées|lettre|preuve|receta|resumen|consejos|ideas|carta|demostración|itinerario"
    r"|ricetta|riassunto|consigli|idee|lettera|piano|dimostrazione|receita|resumo|dicas|ideias|plano|roteiro"
    r"|recept|samenvatting|ideeën|przepis|pomysł\w*|wskazówki|streszczenie"
)
OF_WHAT = r"(?:about|on|über|sur|sobre|su|sull|over|o|explaining)"
ADVICE = (
    r"why|how (?:do|does|did|can|could|should|would|to|is|are|was|were|come)\b(?! (?:many|much))"
    r"|what (?:should|can|could|would|happens|happened|are (?:the|some)|do you think"
    r"|(?:is|['’]s) the (?:difference|best way|meaning|significance|point|role)|makes|causes)"
    r"|(?:where |when |who |whom )?should (?:i|we|my|schools|people)"
    r"|(?:which|what)\b.{0,60}\bshould (?:i|we) (?:take|choose|buy|do|pick|accept|go|read|learn|study|visit|say|get)"
    r"|what['’]s the (?:difference|best way|point)|is it (?:safe|ok|okay|worth|better|possible|wise|a good idea)"
    r"|warum|weshalb|wieso|soll(?:te)?(?:n|st)? (?:ich|wir|man|mein\w*)|lohnt (?:es )?sich"
    r"|was (?:hältst|denkst|meinst) du|was halten sie|was spricht"
    r"|welche (?:vor-|vorteile|nachteile|ursachen|gründe|folgen|unterschiede)"
    r"|ist es (?:sinnvoll|besser|ratsam|sicher|eine gute)|welche\w* .{0,60}\bsollte? ich"
    r"|wie (?:kann|können|könnte|soll|muss|funktionier\w*|entsteh\w*|bekomm\w*|mach\w*|werd\w*|lern\w*|kommt es)"
    r"|(?:was|wo|wohin|wann|wen|wem) (?:soll|sollte)\w{0,2} (?:ich|wir|man)"
    r"|was (?:(?:kann|könnte|koche|schenke|mache|tue|rätst)\w{0,2} (?:ich|wir|man|du|sie)|passiert|geschieht"
    r"|ist der unterschied|sind die (?:vor|nach)teile)"
    r"|pourquoi|comment(?! s['’]appelle| dit-on| se nomme)|(?:dois|devrais)-je|devr(?:ait|ions)-(?:on|nous)|faut-il"
    r"|vaut-il mieux|est-ce que (?:je|nous) (?:dois|devrais|peux|devons)|est-ce (?:une bonne idée|que ça vaut)"
    r"|que (?:dois|puis|devrais|faire|me conseill\w+|penses|pensez)|ai-je intérêt|quelle est la différence"
    r"|quel(?:le)?s sont les (?:avantages|inconvénients|causes|différences|raisons)"
    r"|qu['’]est-ce qui (?:cause|se passe)"
    r"|por qué|cómo(?! se (?:llama|dice))|deb(?:o|ería|eríamos|emos)|(?:me )?conviene|vale la pena"
    r"|es (?:mejor|buena idea|una buena idea|recomendable|seguro)"
    r"|qué (?:debo|debería|puedo hacer|me (?:recomiendas|aconsejas)|hago|opinas|pasa|pasaría|diferencia hay)"
    r"|cuál es la diferencia|cuáles son (?:las|los) (?:ventajas|desventajas|causas|diferencias|beneficios|motivos)"
    r"|perché|come(?! si (?:chiama|dice))|dov(?:rei|remmo)|devo|(?:mi )?conviene|vale la pena"
    r"|è (?:meglio|una buona idea|sicuro|consigliabile)"
    r"|(?:che )?cosa (?:devo|dovrei|posso fare|mi consigli|faccio|succede)|qual è la differenza"
    r"|quali sono (?:i|gli|le) (?:s?vantaggi|cause|differenze|motivi)|(?:che )?cosa ne pensi"
    r"|por ?qu[eê]|vale a pena|como(?! se (?:chama|diz))|dev(?:o|eria|emos|íamos)|compensa"
    r"|é (?:melhor|uma boa ideia|seguro)"
    r"|(?:o )?que (?:devo|deveria|posso fazer|faço|você recomenda|acontece)|qual é a diferença"
    r"|quais são (?:as|os) (?:vantagens|desvantagens|causas|diferenças|motivos)"
    r"|waarom|hoe (?:kan|moet|werkt|maak|krijg|leer|zou|doe|voorkom|kom)|(?:moet|moeten|zal|kan|zou) (?:ik|we|wij)"
    r"|is het (?:verstandig|beter|slim|een goed idee|veilig|de moeite)"
    r"|wat (?:moet|kan|zou|zal) (?:ik|we|er)|wat is het verschil|wat zijn de (?:voor|na)delen|wat raad je"
    r"|wat (?:vind|denk) (?:jij|je|u)"
    r"|dlaczego|czemu|jak (?:mogę|zrobić|mam|powin\w+|działa|się|nauczyć|najlepiej|napisać)(?! nazywa)"
    r"|czy (?:powin\w+|warto|lepiej|mam|opłaca|to dobry)|co (?:powin\w+|mam zrobić|mogę|polecasz|radzisz|się stanie)"
    r"|jaka jest różnica|jakie są (?:zalety|wady|przyczyny|różnice|skutki)|co (?:myślisz|sądzisz)"
)
ASIAN_CODE = (
    r"(?:関数|プログラム|スクリプト|コード|クエリ|正規表現|クラス)[^。\n]{0,40}(?:書|作|実装|直)"
    r"|(?:写|编写|實現|实现)[^。\n]{0,40}(?:函数|程序|脚本|代码|查询|正则)"
)
ASIAN_DATA = (
    r"(?:表|テーブル|json|csv)[^。\n]{0,12}(?:作|にして|出力|返|まとめ|変換)"
    r"|(?:做|列|生成|用|以|制作|输出|整理|转换|给)[^。\n]{0,30}(?:json|csv|表格)"
)
ASIAN_TEXT = (
    r"説明し|証明し|証明せよ|書いて|述べ|なぜ|べき(?:でしょうか|ですか|か)|どうすれば|どうやって|アドバイス|提案し|比較し|要約し|翻訳し"
    r"|計画を|(?:方法|仕方|やり方|コツ|理由|違い)を?[^。\n]{0,6}教えて|考えてください|方がいい(?:です|でしょう)か"
    r"|证明|解释|请写|写一|为什么|怎么(?:才能|办|样|做)|如何|说明|描述|比较|翻译|总结|讨论|计划|建议"
    r"|(?:应该|该不该|要不要)[^。\n]{0,40}(?:还是|吗|？|\?)"
)
