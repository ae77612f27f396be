/**
 * Capitalised words that follow "I'm" or "my name is" in transcripts and are nobody's name: recognisers capitalise states,
 * nationalities, trades, days and the beginning of the next sentence. A word that is also a common given name (Will, Mark,
 * May, Grace) is not here. Compared in lower case.
 */

const words = (text: string): string[] => text.trim().split(/\s+/u);

export const NOT_NAMES: ReadonlySet<string> = new Set([
  // English: function words, and what begins the next sentence
  ...words(`a an the this that these those there here i im ive ill me my mine we us our you your he him his she her it its
    they them their who whom what when where why how which if so and or but nor yet not no yes yeah yep nope ok okay well oh
    um uh hmm ah hi hello hey bye please thanks thank just only even still also too very really quite rather almost always
    never ever again now then today tomorrow yesterday tonight soon later already on in at to of for from with without by
    about over under up down out off into onto as like than because since while until after before is am are was were be been
    being do does did done have has had can could should would must might shall let lets got get getting go going gone went
    come coming came make making take taking say saying said see seeing look looking know think feel want need try trying
    hoping trying working using doing having calling speaking talking listening asking telling wondering watching`),
  // English: states
  ...words(`fine good great bad okay alright sorry sure ready done busy free late early back home away alone tired sick ill hungry
    thirsty happy sad angry mad glad afraid scared worried excited bored confused lost stuck serious kidding joking pregnant
    married single divorced engaged retired unemployed able unable aware certain positive negative right wrong correct left
    new old young big small tall short rich poor hot cold warm cool nice kind mean smart stupid crazy drunk sober awake asleep
    alive dead curious impressed surprised proud grateful thankful honest interested important unknown anonymous hungry human
    vegan vegetarian allergic diabetic autistic deaf blind gay straight bisexual lesbian trans queer`),
  // English: trades and roles
  ...words(`doctor dr mr mrs ms miss sir madam professor prof captain president king queen god lord teacher student nurse lawyer
    engineer manager director boss chief ceo cto cfo founder owner developer programmer designer writer artist actor singer
    driver pilot police officer soldier mom mum dad mother father brother sister son daughter uncle aunt grandma grandpa
    friend neighbor neighbour customer guest host user admin batman superman siri alexa google`),
  // Nations, languages, faiths, parties, in the languages below
  ...words(`american british english scottish irish welsh canadian australian german french spanish italian portuguese dutch belgian
    swiss austrian swedish norwegian danish finnish polish czech slovak hungarian romanian bulgarian greek turkish russian
    ukrainian chinese japanese korean vietnamese thai indian pakistani bangladeshi iranian iraqi israeli arab egyptian african
    nigerian kenyan mexican brazilian argentinian colombian chilean cuban european asian latino latina hispanic black white
    christian catholic protestant jewish muslim hindu buddhist sikh atheist orthodox republican democrat libertarian
    deutscher deutsche schweizer österreicher amerikaner français française allemand allemande anglais anglaise italien
    italienne espagnol espagnole belge suisse español española alemán alemana francés mexicano mexicana italiano italiana
    tedesco tedesca francese inglese spagnolo português portuguesa brasileiro brasileira nederlander nederlandse duitser
    belg vlaming engelsman русский русская немец немка украинец украинка`),
  // Calendar
  ...words(`monday tuesday wednesday thursday friday saturday sunday january february march july august september october november
    december christmas easter ramadan`),
  // Places that people are "in" or "from" and recognisers drop the word before
  ...words(`america england britain europe asia africa london paris berlin germany france spain italy china japan india canada
    mexico brazil russia`),
  // German capitalises every noun
  ...words(`der die das ein eine kein keine nicht hier da dran jetzt schon noch auch nur sehr so mal gerade wieder heute morgen gestern
    student studentin lehrer lehrerin arzt ärztin ingenieur ingenieurin anwalt anwältin chef chefin leiter leiterin mutter
    vater bruder schwester sohn tochter oma opa freund freundin kollege kollegin mitarbeiter mitarbeiterin kunde kundin fan
    mitglied rentner rentnerin schüler schülerin doktor herr frau professor professorin polizist polizistin verkäufer
    verkäuferin bäcker koch köchin künstler künstlerin autor autorin programmierer entwickler entwicklerin berater beraterin
    geschäftsführer vegetarier veganer christ muslim jude atheist single profi experte anfänger schuld dabei`),
  // French, Spanish, Italian, Portuguese, Dutch
  ...words(`je tu il elle nous vous ils elles le la les un une des du de ce cet cette pas très bien ici là désolé désolée content
    contente fatigué fatiguée malade prêt prête monsieur madame docteur étudiant étudiante professeur médecin
    yo tú él ella nosotros ustedes el los las una unos no muy bien aquí aqui listo lista cansado cansada señor señora doctor
    doctora estudiante profesor profesora médico feliz io lui lei noi voi loro lo gli non molto bene qui stanco stanca pronto
    pronta signor signora dottore dottoressa studente studentessa professore felice eu ele ela nós eles elas o os as um uma não
    muito bem aqui cansado pronto senhor senhora doutor doutora ik jij hij zij wij jullie het een niet heel erg goed hier daar
    klaar moe blij ziek meneer mevrouw dokter leraar docent`),
  // Russian, Ukrainian
  ...words("я ты он она мы вы они это не нет да так вот уже еще ещё как никак по просто все всё иначе не мене його"),
  // Scripts without capitals: what follows "my name is" and is no name
  ...words(
    "क्या नहीं यह वह तो भी हिंदी 何 なに なん 誰 だれ 秘密 未定 どう これ それ 什么 什麼 谁 誰 不 没有 뭐 무엇 비밀 ليس هو ما لا غير معروف",
  ),
]);

/** Between the parts of a name, in lower case as they are. */
export const NAME_PARTICLES =
  "van|von|der|den|de|da|di|del|della|la|le|el|al|bin|ibn|ben|dos|das|do|du|ter|ten|zu|af|av";

/** The surnames that most Chinese names begin with; 车 and 外 are left out, since they follow "我叫" in other senses. */
export const CHINESE_SURNAMES =
  `欧阳|司马|诸葛|上官|皇甫|令狐|歐陽|司馬|諸葛|[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧
曹彭曾肖萧蕭田董袁潘于余叶葉蒋蔣杜苏蘇魏程吕呂丁沈任姚卢盧傅钟鐘姜崔谭譚廖范汪陆陸金石戴贾賈韦韋夏邱方侯邹鄒熊孟秦白江阎閻薛尹段雷黎史龙龍陶贺賀顾顧毛郝龚龔邵万萬钱錢严嚴
武莫孔向汤湯]`.replace(/\s/gu, "");
