"""Passwords that whoever guesses tries first; shorter ones fail the length rules anyway."""

from typing import Final

_WORDS: Final = """
00000000 000000000 0000000000 000000000000 0123456789 10203040 102030405060 11111111 111111111
1111111111 11111111111 111111111111 11223344 1122334455 112233445566 12121212 121212121212 123123123
123123123123 123321123 12341234 123454321 12345678 123456789 1234567890 123456789012 1234567890123
12345678910 123456abcdef 123qwe123qwe 123qweasd 123qweasdzxc 147258369 159753456 1q2w3e4r 1q2w3e4r5t
1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 22222222 33333333 55555555 66666666 741852963 77777777 789456123
87654321 88888888 88888888888 987654321 9876543210 99999999 999999999999 a12345678 a123456789
a1234567890 a1b2c3d4 a1b2c3d4e5 a1b2c3d4e5f6 aa123456 aaaaaaaa aaaaaaaaaaaa abc12345 abc123456
abc123456789 abc123abc123 abcd1234 abcdef123 abcdef123456 abcdefgh abcdefghi abcdefghij abcdefghijkl
abcdefghijklmnop abcdefghijklmnopqrstuvwxyz access14 admin123 admin1234 admin12345 admin123456
adminadmin adminadmin123 administrator administrator1 administrator123 alexander alexander1
andrew123 anthony1 arsenal1 asdf1234 asdfgh123 asdfghjk asdfghjkl ashley123 autumn2024 autumn2025
babygirl babygirl1 barcelona barcelona1 baseball baseball1 basketball benjamin benjamin1 birthday
birthday1 blink182 butterfly butterfly1 changeme changeme1 changeme123 changeme1234 charlie1
charlie123 cheese123 chelsea1 chocolate chocolate1 christian christian1 christine computer computer1
contrasena contraseña cookie123 correcthorsebatterystaple corvette counterstrike daniel123 danielle
danielle1 december december1 default1 default123 demo1234 demodemo diamond1 diamond123 donaldduck
dragon12 dragon123 dragon1234 elizabeth elizabeth1 eminem123 facebook facebook1 facebook123 ferrari1
flower123 football football1 forgetit1 fortnite fortnite1 freedom1 gangster google123 guest123
harley12 hello123 hello1234 hello12345 hellokitty hellokitty1 helloworld helloworld1 hunter12
hunter123 iloveu123 iloveyou iloveyou1 iloveyou123 iloveyou2 iloveyouforever internet internet1
january1 jennifer jennifer1 jessica1 jessica123 jonathan jonathan1 jordan123 jordan23 juventus
killer123 leagueoflegends letmein1 letmein123 letmeinnow123 letmeinplease linkedin linkedin1
liverpool liverpool1 login123 lovely123 loveyou1 manchester manunited master123 master1234 matthew1
mercedes mercedes1 metallica michael1 michael123 michelle michelle1 mickeymouse microsoft minecraft
minecraft1 monkey12 monkey123 monster1 monster123 motdepasse mustang1 mylove123 mypassword
mypassword1 mypassword123 naruto123 newpassword newpassword1 newpassword123 nicole123 nintendo
nintendo1 nirvana1 nopassword november1 p@ssw0rd p@ssword passw0rd password password1 password12
password123 password1234 password12345 password123456 password1password passwordpassword passwort
passwort123 patrick1 platinum1 playstation pokemon1 pokemon123 porsche1 princess princess1
q123456789 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedc qazwsxedcrfv qwe123456 qweasdzxc qweqweqwe
qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty qwertyui qwertyuiop qwertyuiop123
qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm rainbow1 rainbow123 realmadrid roblox123 root1234
rootroot samantha samantha1 samsung1 samsung123 scarface secret123 secret1234 senha123 shadow12
shadow123 slipknot snowball1 spiderman spring2024 spring2025 spring2026 starwars starwars1 stephanie
summer01 summer12 summer123 summer2023 summer2024 summer2025 summer2026 sunshine sunshine1 superman
superman1 supersecret supersecret1 supersecretpassword temp1234 temporary1 temporary123 temppassword
test1234 test12345 test123456 testing123 testing1234 testtest thisispassword thomas123 topsecret
topsecret1 trustno1 trustnoone123 unicorn1 unicorn123 user1234 username123 veronica veronica1
victoria victoria1 warcraft welcome1 welcome12 welcome123 welcome1234 whatever whatever1 william1
windows10 winter123 winter2023 winter2024 winter2025 winter2026 worldofwarcraft xbox360123 yamaha123
yourpassword zaq12wsx zaq1zaq1 zxcvbnm1 zxcvbnm123
"""

WEAK_PASSWORDS: Final = frozenset(_WORDS.split())
