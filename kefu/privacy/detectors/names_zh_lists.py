"""What Chinese names are made of: surnames, characters of given names, and words that only look like names."""

from __future__ import annotations

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤柳温康施"
    "文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柴甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷"
    "盛曲翁冉骆蓝路游辛靳管柏解蒲谈宫鲍华喻祁屈应解房滕屠卓褚娄闵晏池冷卜芦车党仇刁麻桂连卫敖巫沙蔺佟"
)
_RARE = (  # only after a cue
    "赖景仲伊甄丛隋岑荆栾厉戎祖阎瞿艾古习匡饶简巩阚鞠查楼郎牟迟宗项席麦边邬储占初邸桑芮苍姬燕浦茹容满寇阙闻印花"
    "明钮仝冼邝庹木巴佘逯郗荀班步逄佴缪璩隋臧楚戚褟计惠游贝亓仉亢粟揭粘禚敬佀昝糜井富乌弓牧隗宓蓬仰暴钭历束幸韶郜蓟薄宿怀邰"
    "索籍胥莘贡劳扶堵宰郦雍濮寿扈冀郏农宦鱼慎戈庾暨居衡弘禄殳沃蔚夔隆厍晁訾丰巢蒯竺权桓尧苑苟候户由线年练勾敬占盛滕那"
)
_COMPOUND = "欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|端木|南宫"
_RARE_COMPOUND = (
    "呼延|钟离|宇文|长孙|鲜于|闾丘|申屠|公冶|赫连|澹台|拓跋|百里|东郭|纳兰|轩辕|叶赫|完颜|独孤|太史|淳于|单于|濮阳|公羊|万俟|闻人|左丘"
    "|西门"
)
# Words that begin with a surname.
_NOT_A_NAME = r"""
    (?!
        方[式法便向案面形格]|任[何务意]|何[时种况]|马[上路桶]|高[兴级中端清铁考]|成[了功都品员交]
      | 应[该当用]|关[于系闭注税机]|解[决释除锁绑冻]|管[理道家]|安[排全装心卓慰检徽]
      | 包[裹括装邮含退]|单[号元独位价品据]|单子(?![涵轩怡萱墨豪琪])|文[字件具档化本]|向[您你]
      | 万一|路[上由口费过]|金[额属色牌]|白[色天卡]|黄[色金牌]|蓝[色牙]|温度|严[重格]|时[间候]
      | 常[用规见客]|房[子间东型产]|连[接续锁]|车[主位库子间牌]|游[客戏]|毛[病巾]|左[右边]
      | 周[末边围]|于是|谢谢|许[多久]|余额|程[度序]|冷[链冻藏]|麻烦|申[请诉报]|祝[您你]|符合|凌晨
      | 牛[奶肉仔]|付[款费过]|夏[天季]|季[度节]|尚未|易碎|施工|卫生|颜色|顾[客及虑]|贺卡|章程|纪念
      | 范围
    )
"""
# Places, brands and more words, where no cue is strong.
_NOT_ALONE = r"""
    (?!
        江[苏西南北]|宁[波夏]|石家|温州|徐州|郑州|苏[州宁]|桂林|兰州|龙岩|武汉|甘肃|安徽|成都|华为
      | 戴尔|李宁|周大福|王老吉|张小泉|万[分元]|钱[包不]|党员|沙发|梅花|童[装鞋]|陶瓷|屈臣|金华
      | 汤圆|柴油|柏油|康师|辛苦|解放|白条|海尔|党|马达|高[温度压原档]|成[本人年份套]|何人|方正
      | 单[人身]|段落|白[酒糖菜]|汪汪|施华|庄园|鲁班|农|莫名|齐全|雷同|连衣
      | 周[一二三四五六日](?![诺鸣凡帆航鹏丹])|周年|康康
    )
"""
_STOP = (  # never in a given name
    "的是在了吗呢吧啊哦呀我你您他她它们电手号联地址收件这那请和与跟要想买不没有改换，。！？就都也把给到寄发送订、；（）【】"
)
_LIKELY = (  # characters that given names are mostly written with
    "小晓伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华文建国志宇航浩然子涵轩梓萱欣怡雨桐佳琪博思远可安天佑一诺春花方"
    "圆晓燕婷红玉梅林云莲真环雪荣爱妹香月莺媛瑞凡琴素倩婉娴瑾颖露瑶婧雁蓓纨仪荷丹蓉眉君黛晴妤茜秋珊莎锦青嘉琼勤珍贞莉"
    "娣叶璧璐娅琦晶妍羽希宁馨园艺咏卿聪澜纯毓悦昭冰爽琬茗俊峰飞鹏辉斌波宏彬永康海东健世广义兴良仁生龙元全胜学祥才发武"
    "新利清成家振壮群豪邦承乐绍功松善厚庆民友裕河哲江亮政谦亨奇固轮翰朗伯言若鸣朋梁栋维启克伦翔旭士以致树炎德行泰盛雄"
    "满萍棠卉喆姗姝姣娇娥婕嫣寒尧岗巍廷恬懿扬挺捷昀昂昱晗暄曜曼朔柔桦椿楷樱檀殷毅沅洲浔浚涟湛滔漪潇澄澈炜烁烨焕熙玥"
    "珂珑珩琰瑄瑗瑛瑜璇璋璞皓盈睦祎禹秉穆筠紫翊耀芙芊芝苒茉茵茹荔莘菁菡葵蓁蕊薰裴谨贤赟逸郁钦铃锐雁雪霄霞韬韵颂飒馥骥麒黛彤瑾"
    "琛钧冠策腾榕风睿泽诗雅沐宸奕辰晨芷汐昊煜恩凯铭珂依楠曦妙语彤淇萌乔果沛佩珠喜贵福金银凤翠巧惠慧淑美菊立先正培宝根"
    "顺昌忠信孝敬礼智诚墨里万鑫森淼焱鼎魁虎彪斐阳洁岩峻嵘骏骁逸舟帆迪甜蕾薇蔚岚霖霏冬夏尔尚儿婵媚雯鸿钰钟柏锋钢铁柱桃"
    "杏莹滢溪渊源沁泓润涌淳轶轲彦衡恒慕容楚湘岳鲁豫川蜀"
)
_FAMILY = rf"(?:(?:{_COMPOUND})|[{_SURNAMES}])"
_GIVEN = rf"[^\W\da-zA-Z_{_STOP}]"
_FIRST = f"(?=[{_SURNAMES}欧司上诸东皇尉公慕令端南])"  # most places are excluded by this, before the lists above
NAME = rf"{_FIRST}{_NOT_A_NAME}{_NOT_ALONE}{_FAMILY}{_GIVEN}{{1,2}}"  # where a cue or a border says the rest
AFTER_CUE = rf"{_NOT_A_NAME}(?:{_FAMILY}|{_RARE_COMPOUND}|[{_RARE}]){_GIVEN}{{1,2}}"
SURNAME = rf"(?:{_FAMILY}|{_RARE_COMPOUND}|[{_RARE}])"
# A rare surname with a likely given name; 幸福, 富强, 丰盛, 那里 and the like are words.
_NOT_RARE = (
    "(?!幸[福运]|富[强贵裕]|丰[盛富厚]|怀安|历[史代]|隆重|权[益利威]"
    "|敬礼|年[华龙]|居[安家然民]|农|明[天白显年]|花[园色]|印花|那[里边儿样])"
)
RARE = rf"{_NOT_RARE}(?:{_RARE_COMPOUND}|[{_RARE}])[{_LIKELY}]{{1,2}}"
# Names written by their sound, as Uyghur, Kazakh, Mongol and Tibetan ones are: 古丽娜尔, 巴特尔, 扎西次仁.
_SOUNDS = (
    "阿巴特尔古丽娜迪热买提木罕江帕孜克依别吾合曼苏力不都努艾山哈萨尼娅玛亚斯坦塔吉布扎西卓次仁多杰平措旺"
    "姆央金拉格桑其乌云托那日图雅宝音朝鲁麦海米牙赛甫丁敖登勒德赫毕敦琴娃娅苏额乐"
)
SOUNDED = rf"(?![不其多]|特斯拉|哈尔|阿拉[伯善]|西班|巴西|多米|海尔|格力|克拉|平米)[{_SOUNDS}]{{3,7}}"
LIKELY = rf"(?:{_FIRST}{_NOT_A_NAME}{_NOT_ALONE}{_FAMILY}[{_LIKELY}]{{1,2}}|{SOUNDED})"  # by itself
# Cheap: two characters that a likely name may begin with.
BEGINNING = rf"[{_SURNAMES}{_RARE}{_SOUNDS}欧司上诸东皇尉公慕令端南][{_LIKELY}{_SOUNDS}阳马官葛徒方甫迟孙容狐侯木宫屠]"
# What the lexicon's maker starts from (benchmarks/pii/lexicon.py).
SURNAME_CHARACTERS = _SURNAMES + _RARE
LIKELY_CHARACTERS = _LIKELY
NEVER_GIVEN = frozenset(_STOP + "嗎麼們沒還這個來氏")
COMPOUNDS = tuple(f"{_COMPOUND}|{_RARE_COMPOUND}".split("|"))
